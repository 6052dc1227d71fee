"""Random resources and random searches from the same small pools, so that they find one another.

`resources(type)` and `searches(type)` are hypothesis strategies; `resource` and `search` are the same from a `Random`,
for tests that want many. `Coverage` counts which kinds, modifiers and prefixes came up, and which found anything.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from careweft.fhir.definitions import RESOURCES, SEARCH, TYPES, Element, SearchParam, codes
from careweft.fhir.extract import extractor
from careweft.fhir.search.context import Context
from careweft.fhir.search.escapes import escape, split
from careweft.fhir.search.kinds import KINDS, composite
from careweft.fhir.search.kinds.prefix import PREFIXES
from careweft.fhir.search.parse import modifiers
from careweft.fhir.search.query import Amount, Display, Logical, Ref, Span, Text, Token, Typed, Uri, Value, Whole

Pair = tuple[str, str]
Json = dict[str, Any]

NOW = datetime(2024, 5, 17, 8, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
BASE = "https://fhir.example/provider/v2/t"
CONTEXT = Context(NOW, ZONE, BASE)
TYPICAL = (
    "Observation", "Patient", "Encounter", "MedicationRequest", "Condition", "ExplanationOfBenefit", "Goal",
    "DocumentReference", "Provenance", "Practitioner", "RiskAssessment", "ServiceRequest", "CarePlan", "Location",
)  # fmt: skip
"""Between them they have every kind of parameter and every way of writing its expression."""

IDS = ("1", "2", "a", "A", "x.y-z")
SYSTEMS = ("http://loinc.org", "http://snomed.info/sct", "urn:oid:1.2.3", "http://a.example/x|y")
CODES = ("8867-4", "final", "Final", "active", "a,b", "a|b", "ß", "vital-signs")
WORDS = (
    "Ordóñez",
    "ordonez",
    "Ann",
    "Anna-Lena",
    "  Ann  Lee",
    "STRASSE",
    "Straße",
    "O'Brien",
    "李",
    "100%_\\",
    "a,b$c",
)
URIS = ("http://p.example/a", "http://p.example/a|1.0", "http://p.example/a|2.0", "urn:uuid:0", "https://p.example/b")
NUMBERS = ("0", "1", "5.4", "5.40", "5.44", "-2", "100", "99.5", "1E+2", "0.001", "1000000")
UNITS = (
    ("http://unitsofmeasure.org", "mg", "mg"),
    ("http://unitsofmeasure.org", "g", "gram"),
    ("", "", "mg"),
    ("", "", ""),
)
DAYS = ("2023", "2024", "2024-05", "2024-02", "2024-05-17", "2024-05-16", "2024-03-10", "1999-12-31", "2025-01-01")
TIMES = (
    "2024-05-17T08:30:00Z", "2024-05-17T10:30:00+02:00", "2024-05-17T23:59:59.999Z", "2024-05-17T00:00:00-04:00",
    "2024-05-01T00:00:00.5Z", "2024-05-17T08:30:00.123456Z", "1999-12-31T23:59:59Z", "2024-11-03T01:30:00-05:00",
)  # fmt: skip
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CLINICAL_CODES = frozenset((CLINICAL, code) for code in ("active", "recurrence", "relapse", "inactive"))
SETS = tuple(
    f"http://hl7.org/fhir/ValueSet/{one}"
    for one in ("observation-status", "administrative-gender", "condition-clinical", "encounter-status")
)
ODD = (None, 7, True, "", "odd", [], {}, [None], [[]], ["x"], {"value": {}}, Decimal("1.5"), 1e300)
APART = frozenset({"contained", "text", "implicitRules", "language", "modifierExtension", "fhir_comments"})
DEEPEST = 4


# Resources -----------------------------------------------------------------------------------------------------------


@cache
def extensions(type_: str) -> tuple[str, ...]:
    """The extensions by which this type is searched."""
    found = (re.findall(r"url = '([^']+)'", param.expression) for param in SEARCH[type_].values())
    return tuple(sorted({url for urls in found for url in urls}))


@dataclass
class Maker:
    """Makes JSON of FHIR types by chance; `odd` of a hundred values are not what their type says."""

    random: Random
    owner: str
    odd: int = 0

    def maybe(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def some(self, **members: Any) -> Json:
        """An object with some of these members, `...` standing for none."""
        return {name: value for name, value in members.items() if value is not ... and self.maybe(75)}

    def element(self, element: Element, type_: str, depth: int) -> Any:
        if self.maybe(self.odd):
            return self.one(
                None, 7, True, "", "odd", [], {}, [None], [[]], ["x"], {"value": {}}, Decimal("1.5"), "\u00e9" * 3
            )
        if element.max != 1:
            return [self.value(type_, element, depth) for _ in range(self.one(1, 1, 2))]
        return self.value(type_, element, depth)

    def value(self, type_: str, element: Element, depth: int) -> Any:
        if type_ == "code":
            known = sorted(code for _, code in codes(element.binding))[:6] if element.binding else CODES
            return self.one(*(known or CODES))
        if type_ == "Reference":
            return self.reference(element.targets)
        if type_ in MAKE:
            return MAKE[type_](self)
        return self.object(type_, depth + 1) if depth < DEEPEST else {}

    def object(self, type_: str, depth: int, percent: int = 55) -> Json:
        """A type by its elements, each there by chance."""
        found: Json = {}
        for element in TYPES[type_].elements:
            if element.name not in APART and element.name not in ("id", "extension", "meta") and self.maybe(percent):
                key, kind = self.one(*((key, kind) for key, (of, kind) in keys(type_) if of == element.name))
                if kind != "Resource":
                    found[key] = self.element(element, kind, depth)
        return found

    def reference(self, targets: tuple[str, ...] = ()) -> Json:
        type_ = self.one(*(targets or ("Patient", "Practitioner", "Observation", "Encounter")))
        link = self.one(
            f"{type_}/{self.one(*IDS)}", f"{type_}/{self.one(*IDS)}", f"{type_}/{self.one(*IDS)}",
            f"{type_}/{self.one(*IDS)}/_history/3", f"https://other.example/{type_}/{self.one(*IDS)}",
            "#c", "Nonsense/1", ...,
        )  # fmt: skip
        found: Json = {} if link is ... else {"reference": link}
        if self.maybe(20):
            found["identifier"] = self.identifier()
        if self.maybe(20):
            found["type"] = type_
        return found

    def coding(self) -> Json:
        if self.maybe(20):
            return {"system": CLINICAL, "code": self.one("active", "recurrence", "relapse", "inactive")}
        return self.some(system=self.one(*SYSTEMS), code=self.one(*CODES), display=self.one(*WORDS))

    def concept(self) -> Json:
        return self.some(coding=[self.coding() for _ in range(self.one(1, 1, 2))], text=self.one(*WORDS))

    def identifier(self) -> Json:
        return self.some(system=self.one(*SYSTEMS), value=self.one(*CODES), type=self.concept())

    def amount(self) -> Json:
        system, code, unit = self.one(*UNITS)
        found = self.some(value=Decimal(self.one(*NUMBERS)), comparator=self.one(..., ..., ..., "<", "<=", ">", ">="))
        return found | {name: text for name, text in (("system", system), ("code", code), ("unit", unit)) if text}

    def period(self) -> Json:
        return self.some(start=self.when(), end=self.when())

    def when(self) -> str:
        return str(self.one(*DAYS, *TIMES))

    def timing(self) -> Json:
        return self.some(event=[self.when() for _ in range(2)], repeat=self.some(boundsPeriod=self.period()))

    def name(self) -> Json:
        return self.some(
            text=self.one(*WORDS),
            family=self.one(*WORDS),
            given=[self.one(*WORDS), self.one(*WORDS)],
            suffix=[self.one(*WORDS)],
        )

    def address(self) -> Json:
        return self.some(
            text=self.one(*WORDS), line=[self.one(*WORDS)], city=self.one(*WORDS), postalCode="12345", country="US"
        )

    def extension(self) -> Json:
        found: Json = {"url": self.one(*extensions(self.owner), "http://other.example")}
        if self.maybe(40):
            found["extension"] = [
                {"url": "ombCategory", "valueCoding": self.coding()},
                {"url": "text", "valueString": "x"},
            ]
        else:
            key, make = self.one(*EXTENSION.items())
            found[key] = make(self)
        return found

    def meta(self) -> Json:
        return {"lastUpdated": self.one(*TIMES), "versionId": "1"} | self.some(
            profile=[self.one(*URIS)], tag=[self.coding()], security=[self.coding()], source=self.one(*URIS)
        )


@cache
def keys(type_: str) -> tuple[tuple[str, tuple[str, str]], ...]:
    return tuple((key, (element.name, kind)) for key, (element, kind) in TYPES[type_].by_json.items())


MAKE: dict[str, Callable[[Maker], Any]] = {
    "Coding": Maker.coding,
    "CodeableConcept": Maker.concept,
    "Identifier": Maker.identifier,
    "HumanName": Maker.name,
    "Address": Maker.address,
    "ContactPoint": lambda make: make.some(system=make.one("phone", "email", "fax"), value=make.one(*CODES)),
    "Period": Maker.period,
    "Timing": Maker.timing,
    **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration"), Maker.amount),
    "Money": lambda make: make.some(value=Decimal(make.one(*NUMBERS)), currency=make.one("USD", "EUR")),
    "Range": lambda make: make.some(low=make.amount(), high=make.amount()),
    "SampledData": lambda make: make.some(origin=make.amount(), factor=Decimal("0.5"), data="1 2 E U 5.5 L -3"),
    "Extension": Maker.extension,
    "Meta": Maker.meta,
    "Reference": Maker.reference,
    "boolean": lambda make: make.one(True, False),
    "date": lambda make: make.one(*DAYS),
    "dateTime": Maker.when,
    "instant": lambda make: make.one(*TIMES),
    "time": lambda _: "08:30:00",
    "decimal": lambda make: Decimal(make.one(*NUMBERS)),
    **dict.fromkeys(("integer", "positiveInt", "unsignedInt"), lambda make: make.one(1, 2, 5, 100)),
    **dict.fromkeys(("uri", "url", "canonical", "oid", "uuid"), lambda make: make.one(*URIS)),
    "id": lambda make: make.one(*IDS),
    **dict.fromkeys(("string", "markdown", "base64Binary"), lambda make: make.one(*WORDS)),
    "xhtml": lambda _: "<div/>",
}
EXTENSION: dict[str, Callable[[Maker], Any]] = {
    "valueReference": Maker.reference,
    "valueCodeableConcept": Maker.concept,
    "valueDateTime": Maker.when,
    "valuePeriod": Maker.period,
    "valueCode": lambda make: make.one(*CODES),
    "valueQuantity": Maker.amount,
}


def resource(type_: str, random: Random, *, odd: int = 0) -> Json:
    """A resource of this type; of a hundred of its values, `odd` are not of the type that they should be."""
    make = Maker(random, type_, odd)
    found = {"resourceType": type_, "id": make.one(*IDS), "meta": make.meta()} | make.object(type_, 0, 40)
    if make.maybe(60):
        found["extension"] = [make.extension() for _ in range(2)]
    return found


def resources(type_: str, *, odd: int = 0) -> st.SearchStrategy[Json]:
    """Random resources of this type."""
    return st.randoms(use_true_random=True).map(lambda random: resource(type_, random, odd=odd))


# Searches ------------------------------------------------------------------------------------------------------------


def search(type_: str, random: Random, zone: tzinfo = ZONE) -> list[Pair]:
    """The pairs of a search for this type, one to three of them, all of which can be read."""
    return [pair(type_, random, zone) for _ in range(random.choice((1, 1, 1, 2, 3)))]


def pair(type_: str, random: Random, zone: tzinfo = ZONE) -> Pair:
    """One parameter with modifier and prefix, mostly with values that some resource of the pools has."""
    params = [param for param in SEARCH[type_].values() if modifiers(param)]
    kind = random.choice(sorted({param.kind for param in params}))  # kinds that are rare come up as often
    param = random.choice([param for param in params if param.kind == kind])
    known = modifiers(param)
    plain = [one for one in known if one not in RESOURCES]
    types = [one for one in known if one in RESOURCES]
    modifier = random.choice([*plain, "", *(types[:1] and [random.choice(types)])])
    if modifier == "missing":
        return f"{param.code}:missing", random.choice(("true", "false"))
    alternatives = [text(param, modifier, random, zone) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    return f"{param.code}:{modifier}" if modifier else param.code, ",".join(alternatives)


def text(param: SearchParam, modifier: str, random: Random, zone: tzinfo) -> str:
    """One value of a parameter as it is written in a URL (but for percent signs)."""
    for _ in range(4):
        found = resource(param.type, random)
        values = held(param, found, zone)
        for value in random.sample(values, len(values)):
            written = write(value, param, modifier, random)
            if written:
                return written
    return invented(param, modifier, random)


def held(param: SearchParam, found: Json, zone: tzinfo) -> list[Value]:
    if param.code == "_id":
        return [Token("", found["id"])]
    if param.code == "_lastUpdated":
        return list(KINDS["date"].index(found["meta"]["lastUpdated"], "instant", zone))
    index = extractor(param.type)(found, zone)
    return [value for place in composite.places(param) for value in index.of(place.number)]


def write(value: Value, param: SearchParam, modifier: str, random: Random) -> str:  # noqa: C901, PLR0911, PLR0912
    """A search value that may find this one; "" where the modifier does not go with it."""
    match value:
        case Whole(values):
            both = zip(values, composite.parts(param), strict=True)
            written = [write(one, part.param, "", random) for one, part in both]
            return "$".join(written) if all(written) else ""
        case Token(_, code) if param.code == "_id":
            return escape(code or "")
        case Token(system, code) if modifier in ("", "not"):
            return coded(system or "", code or "", random)
        case Token(system, code) if modifier in ("above", "below") and (system, code) in CLINICAL_CODES:
            return random.choice((code or "", f"{system}|{code}"))
        case Token(system, code) if modifier in ("in", "not-in"):
            return random.choice([url for url in SETS if (system, code) in codes(url)] or [""])
        case Typed(system, kind, number) if modifier == "of-type" and system:
            return "|".join(map(escape, (system, random.choice((kind, kind.swapcase())), number)))
        case Logical(system, code) if modifier == "identifier":
            return coded(system or "", code or "", random)
        case Display(words) if modifier == "text":
            return fragment(words, random, whole=False)
        case Text(words):
            return fragment(words, random, whole=modifier == "exact", inner=modifier == "contains")
        case Ref(type_, id_) if modifier in ("", type_):
            bare = [id_] if modifier or type_ in param.targets else []
            return str(random.choice([f"{type_}/{id_}", f"{BASE}/{type_}/{id_}", f"{type_}/{id_}/_history/9", *bare]))
        case Uri(link) if modifier and "://" not in link:
            return ""
        case Uri(link) if modifier == "above":
            return escape(link + random.choice(("", "/", "/further")))
        case Uri(link) if modifier == "below":
            return escape(random.choice((link, link.rpartition("/")[0], link.rpartition("/")[0] + "/")))
        case Uri(link) if not modifier:
            return escape(link)
        case Span(start, end):
            near = [at for at in (start, end) if 1900 < at.year < 2100]
            at = random.choice(near) + timedelta(days=random.choice((0, 0, 0, -40, -1, 1, 30)))
            return prefixed(dated(at, random), random)
        case Amount(low, high):
            return measured(low if low.is_finite() else high, value, param, random)
    return ""


def invented(param: SearchParam, modifier: str, random: Random) -> str:  # noqa: C901, PLR0911
    """A value that no resource was found to have."""
    match param.kind, modifier:
        case "composite", _:
            return "$".join(invented(part.param, "", random) for part in composite.parts(param))
        case "token", ("in" | "not-in"):
            return random.choice(SETS)
        case "token", ("above" | "below"):
            return f"{CLINICAL}|active"
        case "token", "of-type":
            return "|".join(escape(one) for one in (SYSTEMS[0], *random.sample(CODES, 2)))
        case "uri", ("above" | "below"):
            return "http://p.example/a/b"
        case "token", "text":
            return escape(random.choice(WORDS))
        case ("token", _) | ("reference", "identifier"):
            return coded(random.choice(SYSTEMS), random.choice(CODES), random)
        case "reference", _:
            type_ = modifier or random.choice(param.targets or ("Patient",))
            return f"{type_}/{random.choice(IDS)}"
        case "date", _:
            return prefixed(random.choice((*DAYS, *TIMES)), random)
        case "string", _:
            return escape(random.choice(WORDS))
        case "uri", _:
            return escape(random.choice(URIS))
    return prefixed(random.choice(NUMBERS), random)


def coded(system: str, code: str, random: Random) -> str:
    forms = [f"{escape(system)}|{escape(code)}"]
    if code:
        forms += [escape(code), escape(code.swapcase()), f"|{escape(code)}"]
    if system:
        forms.append(f"{escape(system)}|")
    return str(random.choice(forms))


def fragment(words: str, random: Random, *, whole: bool, inner: bool = False) -> str:
    """All of a text, or its beginning, or something from within it; with other case where that does not count."""
    if not whole and len(words) > 2:
        start = random.randrange(len(words) - 1) if inner else 0
        words = random.choice((words, words[start : start + random.choice((1, 2, 4))]))
        words = random.choice((words, words.upper(), words.lower()))
    return escape(words) if words.strip() and any(one.isalnum() for one in words) else ""


def dated(at: datetime, random: Random) -> str:
    """A moment written with more or less precision."""
    forms = (
        "%Y",
        "%Y-%m",
        "%Y-%m-%d",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%S.%fZ",
        "%Y-%m-%dT%H:%M:%S+02:00",
    )
    return at.strftime(random.choice(forms))


def measured(number: Decimal, value: Amount, param: SearchParam, random: Random) -> str:
    """A number near this one, with its unit or without."""
    shift = random.choice(("0", "0", "0", "0.04", "-0.5", "1", "9"))
    shown = format(number + Decimal(shift), "f") if shift != "0" else format(number, random.choice(("f", "E")))
    written = prefixed(shown, random)
    if param.kind == "number":
        return written
    system, code, unit = escape(value.system or ""), escape(value.code or ""), escape(value.unit)
    return random.choice(
        (written, f"{written}|{system}|{code}", f"{written}||{code}", f"{written}||{unit}", f"{written}|{system}|")
    )


def prefixed(written: str, random: Random) -> str:
    return random.choice(("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")) + written


def searches(type_: str, zone: tzinfo = ZONE) -> st.SearchStrategy[list[Pair]]:
    """Random searches for this type, as pairs."""
    return st.randoms(use_true_random=True).map(lambda random: search(type_, random, zone))


# Coverage ------------------------------------------------------------------------------------------------------------


@dataclass
class Coverage:
    """How often each kind came up with each modifier and prefix, and how often it found something and did not."""

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)

    WANTED = frozenset(
        {(kind, f":{one}" if one else "") for kind in KINDS for one in (*KINDS[kind].modifiers, "missing")
         if (one or kind != "composite") and one != "of-type"}
        | {(kind, prefix) for kind in KINDS for prefix in KINDS[kind].prefixes}
        | {("reference", ":[type]")}
    )  # fmt: skip

    RARE = frozenset(
        {("composite", f"token${kind}{prefix}") for kind in ("date", "quantity") for prefix in PREFIXES}
        | {("composite", both) for both in ("token$token", "token$string", "reference$token")}
        | {("token", ":of-type")}
    )
    """What random resources seldom hold."""

    def add(self, type_: str, pairs: Iterable[Pair], found: bool) -> None:
        """Count one search and whether it found a resource."""
        for name, value in pairs:
            for row in set(self.rows(type_, name, value)):
                self.asked[row] += 1
                self.found[row] += found

    @staticmethod
    def rows(type_: str, name: str, value: str) -> Iterable[tuple[str, str]]:
        code, _, modifier = name.partition(":")
        kind = SEARCH[type_][code].kind
        if modifier:
            yield kind, ":[type]" if modifier in RESOURCES else f":{modifier}"
            return
        for one in split(value, ","):
            if kind == "composite":
                parts = composite.parts(SEARCH[type_][code])
                prefix = split(one, "$")[1][:2] if parts[1].param.kind in ("date", "quantity") else ""
                yield kind, "$".join(part.param.kind for part in parts) + (prefix if prefix in PREFIXES else "")
                continue
            yield kind, one[:2] if one[:2] in KINDS[kind].prefixes else ""

    def missing(self) -> list[tuple[str, str]]:
        """What never came up, or never found anything."""
        return sorted(row for row in self.WANTED if not self.found[row])

    def __str__(self) -> str:
        rows = (
            f"{kind:<10} {how:<12} {self.asked[kind, how]:>8} asked {self.found[kind, how]:>8} found"
            for kind, how in sorted(self.WANTED)
        )
        return "\n".join(rows)
