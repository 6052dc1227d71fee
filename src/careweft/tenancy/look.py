"""How a tenant looks: the colours and the logo of its pages, and of the style document that applications dress by."""

import re
from collections.abc import Mapping
from dataclasses import fields

from ..values import dataclass

COLOUR = re.compile(r"#[0-9a-f]{6}")
WHITE = "#ffffff"
READABLE = 4.5
"""WCAG 2.2, 1.4.3: text on its background."""
STANDS = 5.2
"""What is white on the highlight, and the highlight as a link on our tinted boxes."""


@dataclass(frozen=True, slots=True)
class Look:
    """Colours as `#rrggbb`, empty where they are ours; `logo` names a picture that was taken in."""

    background: str = ""
    text: str = ""
    highlight: str = ""
    error: str = ""
    success: str = ""
    logo: str = ""

    @property
    def colours(self) -> dict[str, str]:
        """Those that differ from ours."""
        every = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "logo"}
        return {name: value for name, value in every.items() if value}


def checked(look: Look, ours: Mapping[str, str]) -> Look:
    """The look, if every colour is one and can be read; `ours` are the colours in the place of those that are empty.

    Raises ValueError.

    >>> checked(Look(text="#cccccc"), {"background": "#ffffff"})
    Traceback (most recent call last):
    ValueError: text is not readable on the background: the contrast is 1.6 and wants to be 4.5
    """
    for name, value in look.colours.items():
        if not COLOUR.fullmatch(value):
            raise ValueError(f"{name} wants a colour such as #0b5c8a, not {value!r}")
    whole = {**ours, **look.colours}
    for name in ("text", "error", "success"):
        if name in whole:
            clear(f"{name} is not readable on the background", whole[name], whole["background"], READABLE)
    if look.highlight:
        clear("white is not readable on the highlight", WHITE, look.highlight, STANDS)
    return look


def clear(what: str, one: str, other: str, least: float) -> None:
    """Raise ValueError where two colours are too near to each other."""
    found = contrast(one, other)
    if found < least:
        raise ValueError(f"{what}: the contrast is {found:.1f} and wants to be {least}")


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio

    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
