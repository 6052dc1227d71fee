"""The codes of required bindings, as far as HL7's package lists them: https://hl7.org/fhir/R4/valueset.html"""

from collections.abc import Mapping
from functools import cache

from .table import Lazy, rows


@cache
def _rows() -> dict[str, list[tuple[str, str]]]:
    """Of each value set: its code systems, each with its codes in one text."""
    found: dict[str, list[tuple[str, str]]] = {}
    for url, system, codes_ in rows("codes.tsv"):
        found.setdefault(url, []).append((system, codes_))
    return found


def _codes(url: str) -> frozenset[tuple[str, str]]:
    return frozenset((system, code) for system, codes_ in _rows()[url] for code in codes_.split(" "))


VALUE_SETS: Mapping[str, frozenset[tuple[str, str]]] = Lazy(_rows, _codes)


def codes(url: str) -> frozenset[tuple[str, str]]:
    """The (system, code) pairs of a value set; empty when it is not one of those listed in full."""
    return VALUE_SETS.get(url, frozenset())
