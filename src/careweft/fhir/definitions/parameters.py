"""The search parameters of FHIR R4 and of the guides, and the Patient compartment: https://hl7.org/fhir/R4/searchparameter.html"""

from collections.abc import Iterator, Mapping
from functools import cache

from ...values import dataclass
from .table import Lazy, rows, sections
from .types import RESOURCES

HL7 = "http://hl7.org/fhir/SearchParameter/"
PER_TYPE = 64


@dataclass(frozen=True, slots=True)
class SearchParam:
    """One search parameter as it concerns one type."""

    type: str
    code: str
    kind: str  # token reference date string number quantity uri composite special
    expression: str  # FHIRPath, only the alternatives that start at this type
    targets: tuple[str, ...]  # of a reference: the types it may lead to; () is any
    number: int  # RESOURCES[type] * 64 + ordinal; stored in index rows, never given to another parameter
    url: str  # the canonical URL of the SearchParameter, "" when it is ours
    components: tuple[tuple[str, str], ...] = ()  # of a composite: code and expression of each part


@cache
def _sections() -> dict[str, str]:
    """The lines of base R4 by type; "Resource" holds those that every type has."""
    return sections("search.tsv")


@cache
def _guides() -> dict[str, list[list[str]]]:
    """The rows of guides.tsv by type, cells from the ordinal on."""
    found: dict[str, list[list[str]]] = {}
    for type_, *cells in rows("guides.tsv"):
        found.setdefault(type_, []).append(cells)
    return found


def _params(type_: str) -> Mapping[str, SearchParam]:
    return {param.code: param for param in (_param(type_, cells) for cells in _cells(type_))}


def _cells(type_: str) -> Iterator[list[str]]:
    for line in _sections()["Resource"].splitlines():
        yield line.replace("Resource.", f"{type_}.", 1).split("\t")
    for line in _sections()[type_].splitlines():
        yield line.split("\t")
    yield from _guides().get(type_, ())


def _param(type_: str, cells: list[str]) -> SearchParam:
    ordinal, code, kind, expression, targets, url, components, *_ = [*cells, "", "", ""]
    parts = (part.partition("=") for part in components.split(";") if part)
    return SearchParam(
        type_,
        code,
        kind,
        expression,
        tuple(targets.split(",")) if targets else (),
        RESOURCES[type_] * PER_TYPE + int(ordinal),
        HL7 + url if url and ":" not in url else url,
        tuple((of, path) for of, _, path in parts),
    )


def _compartment() -> Mapping[str, tuple[str, ...]]:
    return {type_: tuple(codes.split(",")) for type_, codes in rows("compartment.tsv")}


SEARCH: Mapping[str, Mapping[str, SearchParam]] = Lazy(lambda: RESOURCES, _params)
COMPARTMENT: Mapping[str, tuple[str, ...]] = _compartment()
