"""What a row lets out of an element: one small function for each word that a row may say.

Each takes what stands in the record and says what goes out, None for nothing. None of them lets a text out as it
stands: what goes out is a code that is known, a number, a boolean, a date that was moved, or a pseudonym.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ...fhir.search.kinds.reference import literal
from ...fhir.search.query import Ref
from ...values import dataclass
from . import codes, places
from .subject import Subject, capped

Json = dict[str, Any]
HIGHEST = 9999
"""A whole number above may be an account."""
MASK = "De-identified"
RACES = MappingProxyType(
    {
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race": "ombCategory",
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity": "ombCategory",
    }
)


@dataclass(frozen=True, slots=True)
class Around:
    """Where an element stands: whom the record is about, the record's own `Type/id`, and the types that go out."""

    subject: Subject
    own: str
    types: frozenset[str]
    died: Any = None


Shape = Callable[[Any, Around], Any]


def flag(value: Any, _: Around) -> Any:
    """A boolean."""
    return value if isinstance(value, bool) else None


def number(value: Any, _: Around) -> Any:
    """A whole number of at most four digits."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= HIGHEST
    return value if fits else None


def decimal(value: Any, _: Around) -> Any:
    """Any number."""
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def date(value: Any, around: Around) -> Any:
    """A date or dateTime."""
    return around.subject.shown(value)


def birth(value: Any, around: Around) -> Any:
    """The date of birth."""
    return around.subject.birth(value, around.died)


def period(value: Any, around: Around) -> Any:
    """Start and end."""
    return _object(value, start=lambda one: date(one, around), end=lambda one: date(one, around))


def coding(value: Any, _: Around | None) -> Any:
    """System and code; never the display, which is text."""
    if not isinstance(value, dict) or not codes.public(value.get("system"), value.get("code")):
        return None
    return {"system": value["system"], "code": value["code"]}


def concept(value: Any, around: Around) -> Any:
    """The codings that are public."""
    found = value.get("coding") if isinstance(value, dict) else None
    kept = [made for one in (found if isinstance(found, list) else ()) if (made := coding(one, around))]
    return {"coding": kept} if kept else None


def quantity(value: Any, _: Around) -> Any:
    """A value with a unit of UCUM that is known, or without any; time above 89 years is capped."""
    if not isinstance(value, dict) or (amount := decimal(value.get("value"), _)) is None:
        return None
    comparator = value.get("comparator")
    made = {"comparator": comparator} if comparator in ("<", "<=", ">=", ">") else {}
    if not {"unit", "system", "code"} & value.keys():
        return {"value": amount, **made}
    unit = value.get("code")
    if value.get("system") != codes.UCUM or not isinstance(unit, str) or unit not in codes.UNITS:
        return None
    return {"value": capped(Decimal(amount), unit), **made, "system": codes.UCUM, "code": unit}


def ratio(value: Any, around: Around) -> Any:
    """Two quantities, both or none."""
    made = _object(value, numerator=lambda one: quantity(one, around), denominator=lambda one: quantity(one, around))
    return made if made and len(made) == 2 else None


def range_(value: Any, around: Around) -> Any:
    """Low and high."""
    return _object(value, low=lambda one: quantity(one, around), high=lambda one: quantity(one, around))


def money(value: Any, around: Around) -> Any:
    """An amount of dollars."""
    if not isinstance(value, dict) or value.get("currency", "USD") != "USD":
        return None
    return _object(value, value=lambda one: decimal(one, around), currency=lambda one: one)


def zip_(value: Any, _: Around) -> Any:
    """The first digits of a ZIP code."""
    return places.zip3(value) if isinstance(value, str) else None


def state(value: Any, _: Around) -> Any:
    """A state of the United States by its two letters."""
    return value if isinstance(value, str) and value in places.STATES else None


def country(value: Any, _: Around) -> Any:
    """The United States; of a smaller country, its name may be too much."""
    return value if isinstance(value, str) and value in places.COUNTRIES else None


def reference(value: Any, around: Around) -> Any:
    """A record of this export, by its pseudonym; what stands elsewhere, and who is only named, is left out."""
    link = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(link, str):
        return None
    if link.startswith("#") and len(link) > 1:
        return {"reference": "#" + around.subject.secret.pseudonym(around.own + link)}
    found = literal(link)
    if not isinstance(found, Ref) or found.type not in around.types:
        return None
    return {"reference": f"{found.type}/{around.subject.secret.pseudonym(f'{found.type}/{found.id}')}"}


def omb(value: Any, _: Around) -> Any:
    """Of extensions the broad categories of race and ethnicity."""
    part = RACES.get(str(value.get("url"))) if isinstance(value, dict) else None
    if part is None:
        return None
    inner = value.get("extension")
    found = dict.fromkeys(_category(one, part) for one in (inner if isinstance(inner, list) else ()))
    kept = [one for one in found if one is not None]
    said = [{"url": part, "valueCoding": {"system": codes.OMB, "code": one}} for one in kept]
    text = {"url": "text", "valueString": ", ".join(codes.CATEGORIES[one] for one in kept)}
    return {"url": value["url"], "extension": [*said, text]} if kept else None


def _category(extension: Any, part: str) -> str | None:
    """The code of a broad category."""
    if not isinstance(extension, dict) or extension.get("url") != part:
        return None
    said = coding(extension.get("valueCoding"), None)
    return said["code"] if said and said["system"] == codes.OMB else None


def masked(value: Any, _: Around) -> Any:
    """That there is a name, where a record must have one."""
    return MASK if isinstance(value, str) else None


def _object(value: Any, /, **parts: Callable[[Any], Any]) -> Json | None:
    """The parts that something comes out of; None where nothing does."""
    if not isinstance(value, dict):
        return None
    made = {name: out for name, part in parts.items() if name in value and (out := part(value[name])) is not None}
    return made or None


SHAPES: Mapping[str, tuple[Shape, frozenset[str]]] = MappingProxyType(
    {
        "flag": (flag, frozenset({"boolean"})),
        "number": (number, frozenset({"positiveInt", "unsignedInt", "integer"})),
        "decimal": (decimal, frozenset({"decimal", "integer"})),
        "date": (date, frozenset({"date", "dateTime"})),
        "birth": (birth, frozenset({"date"})),
        "period": (period, frozenset({"Period"})),
        "coding": (coding, frozenset({"Coding"})),
        "concept": (concept, frozenset({"CodeableConcept"})),
        "quantity": (quantity, frozenset({"Quantity", "Age", "Duration"})),
        "ratio": (ratio, frozenset({"Ratio"})),
        "range": (range_, frozenset({"Range"})),
        "money": (money, frozenset({"Money"})),
        "zip": (zip_, frozenset({"string"})),
        "state": (state, frozenset({"string"})),
        "country": (country, frozenset({"string"})),
        "reference": (reference, frozenset({"Reference"})),
        "masked": (masked, frozenset({"string"})),
        "omb": (omb, frozenset({"Extension"})),
    }
)
"""What a row may say, and of which datatypes; `code` is beside them: it asks the element's own binding."""
