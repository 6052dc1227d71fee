"""An application as it is kept: what its developer says of it as plain JSON, and read back."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from .application import Application

KEPT = tuple(one for one in fields(Application) if one.name != "fetch_allow")
"""`fetch_allow` is this installation's, not the developer's."""


def told(asked: Application) -> dict[str, Any]:
    """The application as JSON.

    >>> told(Application("Night report", "system", "provider", "secret"))["type"]
    'system'
    """
    values = ((one.name, getattr(asked, one.name)) for one in KEPT)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values}


def read(said: Mapping[str, Any]) -> Application:
    """JSON as an application; a value that was not known when it was written is its default."""
    values: dict[str, Any] = {}
    for one in KEPT:
        if one.name in said:
            value = said[one.name]
            values[one.name] = tuple(value) if isinstance(value, list) else value
        elif one.default is MISSING and one.default_factory is MISSING:
            raise ValueError(f"an application wants {one.name}")
    return Application(**values)
