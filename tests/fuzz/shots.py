"""Requests made by chance, read off the route table and what the APIs offer: a new row or parameter is asked for too.

Each is a function of the seed and its number alone.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from careweft.fhir.definitions import SEARCH
from careweft.fhir.search import features
from careweft.surfaces.model import Offer
from careweft.web.route import ClientAuthenticated, Feeding, Right, Route

from .words import CHAINED, EXTRA, HOSTILE, Words, modifier

Headers = list[tuple[bytes, bytes]]
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW")
FHIR, XML, FORM = "application/fhir+json", "application/fhir+xml", "application/x-www-form-urlencoded"
TYPES = (FHIR, XML, FORM, "application/json", "text/plain", "application/fhir+ndjson", "image/png", "*/*", "", "x",
         "application/fhir+json; fhirVersion=3.0", "application/json-patch+json", "multipart/form-data; boundary=x",
         "text/html;q=0.9, */*;q=0.1", "application/fhir+json;charset=latin-1")  # fmt: skip
EXTRAS = (
    ("If-Match", ('W/"1"', '"1"', "*", 'W/"99"', 'W/"x"', "")), ("If-None-Match", ('W/"1"', "*", "x")),
    ("If-Modified-Since", ("Wed, 21 Oct 2015 07:28:00 GMT", "yesterday")),
    ("If-None-Exist", ("identifier=x", "_id=a&x=")),
    ("Prefer", ("return=minimal", "return=representation", "return=OperationOutcome", "handling=lenient",
                "handling=strict", "respond-async", ";;,=")),
    ("Accept-Encoding", ("gzip", "br, identity;q=0", "*;q=0")), ("Content-Encoding", ("gzip", "br", "identity")),
    ("Origin", ("https://app.example", "null", "x")), ("Access-Control-Request-Method", ("PUT", "BREW")),
    ("Range", ("bytes=0-1", "bytes=9-1")), ("X-Request-Id", ("a", "\u00e9", "x" * 300)),
    ("X-Forwarded-For", ("1.2.3.4", "x")), ("Content-Length", ("0", "-1", "x", "99999999999")),
    ("X-Provenance", ("{}", '{"resourceType":"Provenance"}')), ("X-Security-Context", ("Patient/x", "x")),
    ("X-Explain", ("1",)), ("Host", ("evil.example", "")), ("X-HTTP-Method-Override", ("DELETE",)),
)  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """One request."""

    number: int
    method: str
    path: str
    query: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)

    def __str__(self) -> str:
        told = {k.decode("latin-1"): v.decode("latin-1") for k, v in self.headers if k != b"authorization"}
        return f"#{self.number} {self.method} {self.path}?{self.query[:600]} {told} {self.body[:600]!r}"


@dataclass
class Gun:
    """`tokens` by surface, `forms` pairs that a token endpoint takes, `host` our own name, `tenant` whose records."""

    rows: Sequence[Route]
    words: Words
    tokens: dict[str, str]
    forms: Sequence[tuple[str, str]]
    tenant: str
    host: str
    seed: int = 1

    @cached_property
    def kinds(self) -> list[list[Route]]:
        """The rows by what they do: each kind as often as another, but searches, of which there is most to say."""
        found: dict[str, list[Route]] = {}
        for row in self.rows:
            found.setdefault(row.action or "public", []).append(row)
        return [*found.values(), *([found["search-type"]] * len(found))]

    def shot(self, number: int) -> Shot:
        """The request of this number."""
        chance = random.Random(f"{self.seed}/{number}")
        row = chance.choice(chance.choice(self.kinds))
        method = chance.choice(row.methods) if chance.random() < 0.93 else chance.choice(METHODS)
        headers = {"Host": self.host, **self._authorized(chance, row)}
        query, kind, body = self._query(chance, row), "", b""
        if method in ("POST", "PUT", "PATCH", "DELETE") or chance.random() < 0.02:
            kind, body = self._body(chance, row)
            headers["Content-Type"] = kind if chance.random() < 0.9 else chance.choice(TYPES)
        if chance.random() < 0.3:
            headers["Accept"] = chance.choice(TYPES if chance.random() < 0.3 else (FHIR, XML, "*/*"))
        for name, values in chance.sample(EXTRAS, chance.choice((0, 0, 0, 1, 2, 4))):
            headers[name] = chance.choice(values)
        raw = [(name.lower().encode(), value.encode("utf-8")) for name, value in headers.items()]
        if chance.random() < 0.02:
            raw.append(chance.choice(raw))
        return Shot(number, method, self._path(chance, row), query, raw, body)

    def _path(self, chance: random.Random, row: Route) -> str:
        """The row's path with ids that are there, that are not, and that are none."""
        type_ = getattr(row.policy, "type", "")
        held = self.words.by_type.get(type_) or self.words.records
        odd = chance.choice(HOSTILE)
        id_ = chance.choice(held)["id"] if chance.random() < 0.8 else chance.choice(("nobody", "x" * 65, odd, "."))
        vid = chance.choice(("1", "1", "1", "2", "0", "999999999", "9" * 12, odd))
        tenant = self.tenant if chance.random() < 0.96 else chance.choice((self.tenant.upper(), odd, "x" * 36))
        path = row.path
        for name, value in (("{tenant}", tenant), ("{id}", id_), ("{vid}", vid)):
            path = path.replace(name, quote(value, safe="/%" if chance.random() < 0.1 else ""))
        return path if chance.random() < 0.98 else path + chance.choice(("/", "//", "/..", "%2e%2e", ";x", "/$x", "?"))

    def _authorized(self, chance: random.Random, row: Route) -> dict[str, str]:
        """Mostly the token that this API takes."""
        luck = chance.random()
        if luck < 0.04:
            return {}
        if luck < 0.08:
            odd = ("Bearer ", "Bearer x.y.z", "Basic eDp5", "bearer " + "a" * 3000, "Bearer é", "Digest x", "x")
            return {"Authorization": chance.choice(odd)}
        own = self.tokens.get(row.surface) if luck < 0.95 else None
        return {"Authorization": f"Bearer {own or chance.choice([*self.tokens.values()])}"} if self.tokens else {}

    def _query(self, chance: random.Random, row: Route) -> str:
        policy = row.policy
        if not isinstance(policy, Right):
            return (
                "" if chance.random() < 0.9 else self._written(chance, [(chance.choice(EXTRA), chance.choice(HOSTILE))])
            )
        many = chance.choice((0, 1, 1, 2, 3, 6)) if policy.interaction == "search-type" else chance.choice((0, 0, 1, 2))
        if policy.interaction == "search-type" and chance.random() < 0.08:
            return self._example(chance, policy.type)
        return self._written(chance, [self._pair(chance, policy.surface.by_type[policy.type]) for _ in range(many)])

    def _pair(self, chance: random.Random, offer: Offer) -> tuple[str, str]:
        """A parameter that is offered, as it is, with a modifier, chained or reversed; or of the result; or unknown."""
        luck = chance.random()
        if luck < 0.22 or not offer.params:
            return self._result(chance, offer)
        if luck < 0.3:
            return chance.choice(EXTRA), self.words.value(chance, "string")
        if luck < 0.36:
            types = [*SEARCH]
            hops = ":".join(
                f"_has:{chance.choice(types)}:{chance.choice(CHAINED)}" for _ in range(chance.choice((1, 1, 2, 6)))
            )
            return f"{hops}:{chance.choice(CHAINED)}", self.words.value(chance, "token")
        name = chance.choice(offer.params)
        kind = SEARCH[offer.type][name].kind
        if luck < 0.48:
            name += modifier(chance)
        elif kind == "reference" and luck < 0.7:
            hops = ".".join(chance.choice(CHAINED) for _ in range(chance.choice((1, 1, 1, 2, 3, 4, 9))))
            name, kind = (
                f"{name}{chance.choice(('', '', ':Patient', ':X'))}.{hops}",
                chance.choice(("token", "date", "string")),
            )
        return name, self.words.value(chance, kind)

    def _result(self, chance: random.Random, offer: Offer) -> tuple[str, str]:
        """Of the table of features, with the values of its examples, those of the offer, or none of them."""
        feature = chance.choice(features.RESULTS)
        name, _, value = chance.choice(feature.examples).partition("?")[2].partition("&")[0].partition("=")
        luck = chance.random()
        if luck < 0.2:
            return name, chance.choice(HOSTILE)
        if luck < 0.6 and name.startswith("_include"):
            return name, chance.choice([*offer.includes, f"{offer.type}:*", "*"])
        if luck < 0.6 and name.startswith("_sort"):
            keys = chance.choices([*offer.params, "_id", "x"], k=chance.choice((1, 1, 2, 3, 5)))
            return name, ",".join(chance.choice(("", "-")) + one for one in keys)
        return name, value

    def _example(self, chance: random.Random, type_: str) -> str:
        """A search that the reference shows."""
        asked = [one for feature in features.ALL for one in feature.examples if one.startswith(f"{type_}?")]
        return quote(chance.choice(asked).partition("?")[2], safe="=&?:/|,$-._*") if asked else ""

    def _written(self, chance: random.Random, pairs: Sequence[tuple[str, str]]) -> str:
        """As a client would write it; now and then as none should."""
        write: Callable[[str], str] = (lambda text: text) if chance.random() < 0.05 else _escaped
        return "&".join(f"{write(name)}={write(value)}" for name, value in pairs)

    def _body(self, chance: random.Random, row: Route) -> tuple[str, bytes]:
        """What the row would take, mostly; else what it would not."""
        luck, policy = chance.random(), row.policy
        if luck < 0.06:
            return chance.choice(TYPES), chance.choice((b"", b"{", b"[]", b"null", b"\xff\xfe", b"<a/>",
                                                        b"\x1f\x8b\x08",
                                                        b'{"a":1,"a":2}', b"[" * 5000, b"<!DOCTYPE x>"))  # fmt: skip
        if isinstance(policy, ClientAuthenticated):
            pairs = [pair for pair in self.forms if chance.random() < 0.9] + [
                (chance.choice(("scope", "grant_type", "token", "client_assertion", "x")), chance.choice(HOSTILE))
                for _ in range(chance.choice((0, 0, 1, 2)))
            ]  # fmt: skip
            return FORM, self._written(chance, pairs).encode("utf-8", "replace")
        if isinstance(policy, Feeding):
            lines = [self.words.resource(chance, "") for _ in range(chance.choice((1, 2, 5)))]
            if chance.random() < 0.4:
                return FHIR, _json(
                    {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in lines]}
                )
            return "application/fhir+ndjson", b"\n".join(map(_json, lines))
        if row.path.endswith("/_search") and isinstance(policy, Right):
            pairs = [
                self._pair(chance, policy.surface.by_type[policy.type]) for _ in range(chance.choice((0, 1, 2, 3)))
            ]
            return FORM, self._written(chance, pairs).encode("utf-8", "replace")
        type_ = getattr(policy, "type", "")
        if "$" in row.path and chance.random() < 0.6:
            given = [_parameter(chance, self.words, type_) for _ in range(chance.choice((0, 1, 2, 3)))]
            return FHIR, _json({"resourceType": "Parameters", "parameter": given})
        return FHIR, _json(self.words.resource(chance, type_))


def _parameter(chance: random.Random, words: Words, type_: str) -> dict[str, Any]:
    name = chance.choice(EXTRA)
    if chance.random() < 0.3:
        return {"name": name, "resource": words.resource(chance, type_)}
    kind = chance.choice(("String", "Date", "Instant", "Code", "Id", "Integer", "Boolean", "Reference", "Uri", "X"))
    return {
        "name": name,
        f"value{kind}": chance.choice((words.value(chance, "date"), words.value(chance, "token"), 7, True, {})),
    }


def _json(node: Any) -> bytes:
    return json.dumps(node).encode()


def _escaped(text: str) -> str:
    return quote_plus(text, safe=":/|,$", errors="replace")
