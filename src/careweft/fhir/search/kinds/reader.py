"""How the kinds read a resource's values: one reader for each FHIR type, which writes rows into an Index.

A reader is handed whatever JSON stands there; what it cannot read it passes over. It never raises.
"""

from collections.abc import Callable
from typing import Any

from ..index import Index

Numbers = tuple[int, ...]
Reader = Callable[[Any, Numbers, Index, str], None]
"""(element, numbers of the parameters it is for, where to write, the system that a `code` implies)."""


def text(found: Any) -> str:
    """A JSON string, else ""."""
    return found if isinstance(found, str) else ""


def items(found: Any) -> list[Any]:
    """A JSON array, else none."""
    return found if isinstance(found, list) else []


def part(element: Any, name: str) -> Any:
    """A member of a JSON object, else None."""
    return element.get(name) if isinstance(element, dict) else None
