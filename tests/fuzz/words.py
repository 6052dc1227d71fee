"""What the fuzzer says: true words out of the records that are there, and such as nobody should say."""

import copy
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

from careweft.fhir.search import features

Json = dict[str, Any]
_DATE = re.compile(r"\d{4}(-\d\d){0,2}(T.*)?")
HOSTILE = (
    "", " ", ",", "|", "$", "\\", "\\,", "||", "a|b|c|d", "'", '"', "';drop table body;--", "%", "%00", "\x00", "\x7f",
    "\ud7ff", "ß" * 40, "𝕏", "\u202e", "e\u0301", "null", "true", "NaN", "Infinity", "-0", "1e400", "1e-400", "9" * 400,
    "0." + "0" * 300 + "1", "0000", "0000-00-00", "9999-12-31T23:59:59.999999999+14:00", "2024-02-30", "2024-13",
    "2024-05-17T25:00Z", "gt", "apapap", "ap9999-12-31", "eb0001-01-01", "sa0001", "../../etc/passwd", "{{7*7}}",
    "<script>", "http://", "urn:uuid:", "://", "Patient/", "/Patient", "Patient/a/_history/0", "_id", "*", "-", "--x",
    "x" * 2000, "a," * 300, ",".join(map(str, range(250))), "*:*", "Patient:link:Patient:Patient", "\r\nX: y", "\t",
)  # fmt: skip
CHAINED = ("_id", "identifier", "name", "code", "status", "date", "patient", "subject", "birthdate", "category", "x")
EXTRA = (
    "start", "end", "_since", "_type", "_count", "_page", "_at", "mode", "profile", "resource", "on", "type",
    "_id", "_content", "_text", "_list", "_filter", "_query", "_contained", "_has", "access_token",
    "_format", "_pretty", "\u00e9", "a b", "_elements", "patient",
)  # fmt: skip
JUNK: tuple[tuple[Any, ...], ...] = (
    ({},),
    ([],),
    HOSTILE,
    (0, -1, 2**31, 2**70),
    (1e308, -0.1),
    (True, False),
    (None,),
)
"""Values by kind, to stand where another kind belongs."""


class Words:
    """The vocabulary of some records."""

    def __init__(self, records: Sequence[Json]) -> None:
        self.records = records
        self.by_type: dict[str, list[Json]] = {}
        for one in records:
            self.by_type.setdefault(one["resourceType"], []).append(one)
        leaves = {leaf for one in records for leaf in _leaves(one)}
        texts = sorted(leaf for leaf in leaves if len(leaf) < 60)
        self.kinds: dict[str, list[str]] = {
            "date": [one for one in texts if _DATE.fullmatch(one)],
            "reference": [one for one in texts if re.fullmatch(r"[A-Z]\w+/[\w-]+", one)],
            "token": sorted({token for one in records for token in _tokens(one)}),
            "string": texts,
            "quantity": ["72.5", "gt5|http://unitsofmeasure.org|mg/dL", "lt1e2||%", "98.6"],
            "number": ["0.8", "3", "gt1e-2"],
            "uri": [one for one in sorted(leaves) if one.startswith(("http", "urn:"))],
            "composite": ["8480-6$gt140", "http://loinc.org|8480-6$5", "a$b$c", "$"],
        }

    def value(self, chance: random.Random, kind: str) -> str:
        """Mostly of the parameter's kind, sometimes of another, sometimes of none."""
        luck = chance.random()
        if luck < 0.2:
            return chance.choice(HOSTILE)
        found = chance.choice(self.kinds[kind if luck < 0.85 and kind in self.kinds else chance.choice([*self.kinds])])
        if kind in ("date", "number", "quantity") and luck < 0.6:
            found = chance.choice([one.name for one in features.PREFIXES]) + found
        return f"{found},{self.value(chance, kind)}" if chance.random() < 0.12 else found

    def resource(self, chance: random.Random, type_: str) -> Json:
        """A record of this type, or of another; most of them damaged in some places."""
        held = self.by_type.get(type_) if chance.random() < 0.95 else None
        made: Json = copy.deepcopy(chance.choice(held or self.records))
        for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
            _damage(chance, made)
        return made


def modifier(chance: random.Random) -> str:
    """`:missing`, `:of-type`, what the table of features has, or what no table has."""
    known = [one.name.replace("[type]", "Patient") for one in features.MODIFIERS]
    return chance.choice([*known, ":iterate", ":Patient", ":x", ":", "::", ":missing:not", ".x"])


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in ("data", "div"):
                yield from _leaves(value)
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value)
    elif isinstance(node, str):
        yield node


def _tokens(node: Any) -> Iterator[str]:
    """system|code, system|value, and both alone."""
    if isinstance(node, dict):
        code = node.get("code", node.get("value"))
        if isinstance(node.get("system"), str) and isinstance(code, str):
            yield from (f"{node['system']}|{code}", code, f"{node['system']}|")
        for value in node.values():
            yield from _tokens(value)
    elif isinstance(node, list):
        for value in node:
            yield from _tokens(value)


def _damage(chance: random.Random, made: Json) -> None:
    """Take a member out, put another kind of value there, double it, wrap it, or add one."""
    holder: Any = made
    while True:
        inner = [value for value in (holder.values() if isinstance(holder, dict) else holder)
                 if isinstance(value, dict | list) and value]  # fmt: skip
        if not inner or chance.random() < 0.3:
            break
        holder = chance.choice(inner)
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    if not keys:
        return
    key = chance.choice(keys)
    what = chance.randrange(6)
    if what == 0:
        del holder[key]
    elif what == 1:
        holder[key] = copy.deepcopy(chance.choice(chance.choice(JUNK)))
    elif what == 2:
        holder[key] = [holder[key], holder[key]]
    elif what == 3:
        holder[key] = {"value": holder[key]}
    elif what == 4:
        holder[key] = deep(chance.choice((3, 40, 300)))
    elif isinstance(holder, dict):
        name = chance.choice(("extension", "id", "_status", "contained", "meta", "\u00e9", "valueX", "text"))
        holder[name] = copy.deepcopy(chance.choice(chance.choice(JUNK)))


def deep(levels: int) -> Any:
    """A value in many boxes."""
    found: Any = "x"
    for _ in range(levels):
        found = {"extension": [found]}
    return found
