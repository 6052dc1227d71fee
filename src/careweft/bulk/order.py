"""What an export is to hold: the kick-off's parameters, read once, held to what the caller may see.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#query-parameters, and of STU 3 `_until`, `organizeOutputBy` and
`allowPartialManifests`. Whatever cannot be done as it was asked is refused; with handling=lenient it is left out, and
said in the manifest's `error`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ..access.caller import Caller
from ..access.decide import Denied
from ..access.narrow import narrow
from ..access.reach import REACH, How, Reach
from ..access.scopes import read_all
from ..fhir.bundles import instant
from ..fhir.definitions import RESOURCES
from ..fhir.outcomes import BadValue, FhirRefusal, Forbidden, UnknownParameter
from ..fhir.search.context import Context
from ..fhir.search.parse import parse
from ..fhir.search.query import AnyOf, Query
from ..fhir.subset import names
from ..surfaces.model import Surface
from ..values import dataclass

Level = Literal["system", "patient", "group"]
Pairs = Sequence[tuple[str, str]]
PARAMETERS = (
    "_outputFormat", "_since", "_until", "_type", "_elements", "_typeFilter", "patient", "includeAssociatedData",
    "organizeOutputBy", "allowPartialManifests",
)  # fmt: skip
ONCE = frozenset({"_outputFormat", "_since", "_until", "organizeOutputBy", "allowPartialManifests"})
FORMATS = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
PROVENANCE = ("LatestProvenanceResources", "RelevantProvenanceResources")
SUPPORTING = frozenset(type_ for type_, how in REACH.items() if how is How.SHARED)
"""What belongs to no patient, and comes along where an exported record refers to it."""
UNFIT = frozenset({"_sort", "_count", "_include", "_revinclude", "_summary", "_elements", "_total", "_contained"})
"""What `_typeFilter` may not ask for: it says which records, not how they are shown."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_QUERIES = re.compile(r",(?=[A-Z][A-Za-z]+\?)")
_PATIENT = re.compile(r"(?:Patient/)?([A-Za-z0-9.\-]{1,64})")
MOST_PATIENTS = 10_000
MOST_FILTERS = 50


@dataclass(frozen=True, slots=True)
class Order:
    """One export as it was asked for and granted; kept with the job as JSON.

    `types` are what goes out, `filters` the queries by type of which a record has to answer one, `members` the Group's
    as it was read at the kick-off, `patients` those of them that were asked for (None: all); `provenance` is "" where
    none goes along, "all" or "latest"; `form` what becomes of the records, "" nothing, by this `secret`.
    """

    level: Level
    request: str
    scopes: tuple[str, ...]
    types: tuple[str, ...]
    group: str = ""
    since: str = ""
    until: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    elements: tuple[str, ...] = ()
    members: tuple[str, ...] = field(default=(), repr=False)
    patients: tuple[str, ...] | None = field(default=None, repr=False)
    provenance: str = ""
    organize: str = ""
    warnings: tuple[str, ...] = ()
    labels: int = 0
    form: str = ""
    secret: str = field(default="", repr=False)

    def said(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Order":
        """As it was kept."""
        listed = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
        filters = {type_: tuple(texts) for type_, texts in said["filters"].items()}
        return cls(**{**said, **listed, "filters": filters})

    @property
    def about(self) -> str:
        """The level, or the Group."""
        return f"Group/{self.group}" if self.level == "group" else self.level

    @property
    def whom(self) -> tuple[str, ...] | None:
        """The patients that it names: those that were asked for, else the Group's; None: all that there are."""
        if self.patients is None and self.level == "group":
            return self.members
        return self.patients

    @property
    def own(self) -> tuple[str, ...]:
        """Of `types` those that are read part by part; the others come along with what was read."""
        if self.level != "system":
            return tuple(one for one in self.types if one not in SUPPORTING and one != "Provenance")
        return tuple(one for one in self.types if one != "Provenance" or self.provenance != "latest")

    @property
    def brings(self) -> bool:
        """Something comes along: it is known when the rest was read."""
        if self.level != "system":
            return bool(self.provenance) or not SUPPORTING.isdisjoint(self.types)
        return bool(self.provenance) and "Provenance" not in self.own

    def within(self, groups: Collection[str]) -> bool:
        """May this be exported where a tenant has said which Groups may? Empty is any, and everything."""
        return not groups or self.group in groups

    def caller(self, tenant: str, client: str, audience: str) -> Caller:
        """Who asked, with the rights that hold."""
        return Caller(client, tenant, audience, read_all(" ".join(self.scopes)), labels=self.labels)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what on which API; `post` where the parameters came in a body."""

    surface: Surface
    caller: Caller
    level: Level
    request: str
    zone: str = "UTC"
    base: str = ""
    group: str = ""
    post: bool = False
    lenient: bool = False


def read(asking: Asking, pairs: Pairs) -> Order:
    """The order. Raises BadValue, UnknownParameter, Forbidden; with `lenient` only where nothing would be left."""
    order = Order(
        asking.level,
        asking.request,
        tuple(str(one) for one in asking.caller.scopes),
        granted(asking),
        asking.group,
        labels=asking.caller.labels,
    )
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    if "_type" in given:  # what follows is about the types that are left
        order = _heeded(order, asking, "_type", given.pop("_type"))
    elif not order.types:
        raise Forbidden("None of the types that this export offers lies within the token's scopes.")
    else:
        order = replace(order, provenance="all" if "Provenance" in order.types else "")
    for name, values in given.items():
        order = _heeded(order, asking, name, values)
    return order


def _heeded(order: Order, asking: Asking, name: str, values: list[str]) -> Order:
    """The order with one parameter heeded, or with a warning where it was lenient to leave it out."""
    try:
        if name not in READERS:
            raise UnknownParameter(f"Invalid parameter: an export takes {', '.join(PARAMETERS)}.")
        if name in ONCE and len(values) > 1:
            raise BadValue(f"{name} is given more than once.")
        return READERS[name](order, asking, values)
    except Forbidden:
        raise
    except FhirRefusal as refusal:
        if not asking.lenient:
            raise
        shown = name if name in PARAMETERS else "A parameter that is not known"
        return replace(order, warnings=(*order.warnings, f"{shown} was not heeded: {refusal.message}"))


# What a caller may export ------------------------------------------------------------------------------------------


def offered(surface: Surface, level: Level) -> tuple[str, ...]:
    """The types of a level: all that can be searched; of patients what is theirs and what that may lead to."""
    found = (offer.type for offer in surface.offers if offer.does("search-type"))
    if level == "system":
        return tuple(found)
    return tuple(one for one in found if REACH.get(one, How.NEVER) not in (How.NEVER, How.OWNER))


def reaches(caller: Caller, surface: Surface, types: Iterable[str], zone: str) -> dict[str, Reach]:
    """How far this caller sees into each of these types, as a search would; without those it does not see at all."""
    found = {type_: narrow(Query(type_), caller, surface, zone) for type_ in types}
    return {type_: one.reach for type_, one in found.items() if not isinstance(one, Denied)}


def granted(asking: Asking) -> tuple[str, ...]:
    """The types of this level that the caller may search. Forbidden where its right to Patients or Groups is
    confined by a filter: whose records go out is not decided record by record (BULK-11).
    """
    needed = {"system": (), "patient": ("Patient",), "group": ("Patient", "Group")}[asking.level]
    seen = reaches(asking.caller, asking.surface, needed, asking.zone)
    for type_ in needed:
        if type_ not in seen or all(way.where for way in seen[type_].ways):
            raise Forbidden(f"An export of this level needs {asking.surface.audience}/{type_}.rs without a filter.")
    return tuple(reaches(asking.caller, asking.surface, offered(asking.surface, asking.level), asking.zone))


def covers(caller: Caller, surface: Surface, order: Order, zone: str) -> bool:
    """May this token see all that the job's could, as its files want it (BULK-09)?"""
    job = order.caller(caller.tenant, caller.client, caller.audience)
    mine, theirs = (reaches(one, surface, order.types, zone) for one in (caller, job))
    return all(type_ in mine and _within(reach, mine[type_]) for type_, reach in theirs.items())


def _within(inner: Reach, outer: Reach) -> bool:
    rows = any(way.open for way in outer.ways) or set(inner.ways) <= set(outer.ways)
    return rows and not outer.withheld & ~inner.withheld


# The parameters -----------------------------------------------------------------------------------------------------


def _format(order: Order, _: Asking, values: list[str]) -> Order:
    # an unescaped + in a query reads as a space
    if values[0].replace("fhir ndjson", "fhir+ndjson") not in FORMATS:
        raise BadValue(f"_outputFormat wants one of {', '.join(sorted(FORMATS))}.")
    return order


def moment(name: str, text: str) -> datetime:
    """An instant as FHIR writes it; a + that a query made a space is one."""
    text = re.sub(r" (\d\d:\d\d)$", r"+\1", text)
    if not _INSTANT.fullmatch(text):
        raise BadValue(f"{name} wants an instant such as 2024-05-17T08:00:00Z.")
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue(f"{name} wants an instant such as 2024-05-17T08:00:00Z.") from None


def _since(order: Order, _: Asking, values: list[str]) -> Order:
    return replace(order, since=instant(moment("_since", values[0])))


def _until(order: Order, _: Asking, values: list[str]) -> Order:
    return replace(order, until=instant(moment("_until", values[0])))


def _types(order: Order, asking: Asking, values: list[str]) -> Order:
    kept: list[str] = []
    warnings: list[str] = []
    level = offered(asking.surface, asking.level)
    for type_ in dict.fromkeys(split(values)):
        wrong: FhirRefusal | None = None
        if type_ not in level:
            shown = type_ if type_ in RESOURCES else "A name that is no resource type"
            wrong = BadValue(f"_type: {shown} is not exported at this level.")
        elif type_ not in order.types:
            wrong = Forbidden(f"_type: a scope {asking.surface.audience}/{type_}.rs is needed.")
        if wrong is None:
            kept.append(type_)
        elif asking.lenient:
            warnings.append(wrong.message)
        else:
            raise wrong
    if not kept:
        raise Forbidden("None of the types in _type can be exported with this token.")
    provenance = "all" if "Provenance" in kept else ""
    return replace(order, types=tuple(kept), warnings=(*order.warnings, *warnings), provenance=provenance)


def _elements(order: Order, _: Asking, values: list[str]) -> Order:
    found = tuple(dict.fromkeys(split(values)))
    for one in found:
        type_, dot, name = one.rpartition(".")
        known = type_ in RESOURCES and name in names(type_) if dot else any(one in names(of) for of in order.types)
        if not known:
            raise BadValue("_elements wants names of elements, such as id or Patient.name.")
    return replace(order, elements=found)


def _filters(order: Order, asking: Asking, values: list[str]) -> Order:
    found: dict[str, tuple[str, ...]] = dict(order.filters)
    texts = [part for value in values for part in _QUERIES.split(value)]
    if len(texts) > MOST_FILTERS:
        raise BadValue(f"_typeFilter wants at most {MOST_FILTERS} queries.")
    for text in texts:
        type_ = text.partition("?")[0]
        if type_ not in order.types:
            raise BadValue("_typeFilter wants queries such as Observation?status=final, of types that are exported.")
        where(text, asking.surface, datetime.now(UTC), asking.zone, asking.base)
        found[type_] = (*found.get(type_, ()), text)
    return replace(order, filters=found)


def where(text: str, surface: Surface, now: datetime, zone: str, base: str) -> tuple[AnyOf, ...]:
    """What one query of `_typeFilter` asks of a record; chains and `_has` look beyond it, and are none of it. Raises
    BadValue, UnknownParameter, Exceeding.
    """
    type_, _, query = text.partition("?")
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]
    for name, _ in pairs:
        if name.partition(":")[0] in UNFIT:
            raise BadValue("_typeFilter says which records, not how they are shown: no _sort, _count, _include.")
    return parse(type_, surface.by_type[type_], pairs, Context(now, ZoneInfo(zone), base)).query.where


def _patients(order: Order, asking: Asking, values: list[str]) -> Order:
    if not asking.post or asking.level == "system":
        raise BadValue("patient is for POST, and for exports of patients or a Group.")
    ids = []
    for text in split(values):
        named = _PATIENT.fullmatch(text)
        if not named:
            raise BadValue("patient wants references such as Patient/123.")
        ids.append(named[1])
    if len(ids) > MOST_PATIENTS:
        raise BadValue(f"patient is wanted at most {MOST_PATIENTS} times.")
    return replace(order, patients=tuple(dict.fromkeys(ids)))


def _associated(order: Order, asking: Asking, values: list[str]) -> Order:
    for one in split(values):
        if one not in PROVENANCE:
            raise BadValue(f"includeAssociatedData knows {', '.join(PROVENANCE)}.")
        if "Provenance" not in reaches(asking.caller, asking.surface, ("Provenance",), asking.zone):
            raise Forbidden(f"includeAssociatedData needs a scope {asking.surface.audience}/Provenance.rs.")
        order = replace(order, provenance="latest" if one == PROVENANCE[0] else "all")
    return order


def _organized(order: Order, asking: Asking, values: list[str]) -> Order:
    if values[0] != "Patient" or asking.level == "system":
        raise BadValue("organizeOutputBy knows Patient, in exports of patients or a Group.")
    return replace(order, organize="Patient")


def _partial(order: Order, _: Asking, values: list[str]) -> Order:
    """One may, and we do not: the manifest comes whole, with all its files."""
    if values[0] not in ("true", "false"):
        raise BadValue("allowPartialManifests wants true or false.")
    return order


def split(values: Iterable[str]) -> list[str]:
    """Values with commas are as many values (BULK-03)."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


READERS: Mapping[str, Callable[[Order, Asking, list[str]], Order]] = {
    "_outputFormat": _format,
    "_since": _since,
    "_until": _until,
    "_type": _types,
    "_elements": _elements,
    "_typeFilter": _filters,
    "patient": _patients,
    "includeAssociatedData": _associated,
    "organizeOutputBy": _organized,
    "allowPartialManifests": _partial,
}
