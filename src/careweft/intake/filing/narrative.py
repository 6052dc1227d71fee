"""Narratives of a filed record: https://hl7.org/fhir/R4/narrative.html (FHIR-13)"""

from collections.abc import Iterator
from typing import Any

from .issues import Issue, wrong

STATUSES = frozenset({"generated", "extensions", "additional", "empty"})


def unsafe(narrative: dict[str, Any], path: str) -> Iterator[Issue]:
    """What is wrong with this Narrative."""
    from ...fhir.narrative import reason  # noqa: PLC0415 - loads lxml, which a start does not wait for

    if narrative.get("status") not in STATUSES:
        yield wrong(f"{path}.status", "code-invalid", f"wants one of {', '.join(sorted(STATUSES))}")
    div = narrative.get("div")
    why = reason(div) if isinstance(div, str) else "is needed"
    if why is not None:
        yield wrong(f"{path}.div", "security" if isinstance(div, str) else "required", why)
