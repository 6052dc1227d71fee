"""The invariants of FHIR R4 by the path of their element: https://hl7.org/fhir/R4/conformance-rules.html#constraints"""

from functools import cache

from .table import rows


@cache
def invariants() -> dict[str, list[tuple[str, str, str]]]:
    """Key, severity and expression of each, without those that every element and every resource has."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path, key, severity, expression in rows("invariants.tsv"):
        found.setdefault(path, []).append((key, severity, expression))
    return found
