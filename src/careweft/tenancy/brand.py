"""What the published lists say of a tenant: https://hl7.org/fhir/smart-app-launch/brands.html"""

import re
from dataclasses import fields
from datetime import datetime

from ..values import dataclass
from . import Tenant

LONGEST = 300
HTTPS = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[!-~]*)?")
SHAPES = {
    "npi": (re.compile(r"[0-9]{10}"), "ten digits"),
    "ccn": (re.compile(r"[0-9A-Z]{6,10}"), "six to ten digits and letters"),
    "url": (HTTPS, "an https URL"),
    "logo": (HTTPS, "an https URL"),
    "portal_url": (HTTPS, "an https URL"),
    "state": (re.compile(r"[A-Z]{2}"), "two letters such as MN"),
    "postal_code": (re.compile(r"[0-9]{5}(-[0-9]{4})?"), "five or nine digits"),
    "phone": (re.compile(r"[0-9+() .-]{5,30}"), "a number"),
}


@dataclass(frozen=True, slots=True)
class Brand:
    """How people know an organization: its identifiers, addresses and the portal that they sign in to. All may miss."""

    alias: str = ""
    url: str = ""
    logo: str = ""
    npi: str = ""
    ccn: str = ""
    phone: str = ""
    line: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    portal_name: str = ""
    portal_url: str = ""


@dataclass(frozen=True, slots=True)
class Branded:
    """A tenant with its brand; `changed` is when that last changed, `reviewed` when somebody last looked through it."""

    tenant: Tenant
    brand: Brand
    changed: datetime
    reviewed: datetime | None = None


def checked(brand: Brand) -> Brand:
    """The brand, if every part of it is what it says. Raises ValueError.

    >>> checked(Brand(npi="123"))
    Traceback (most recent call last):
    ValueError: npi wants ten digits, not '123'
    """
    for one in fields(Brand):
        value = getattr(brand, one.name)
        shape, wanted = SHAPES.get(one.name, (None, ""))
        if len(value) > LONGEST or not value.isprintable():
            raise ValueError(f"{one.name} wants at most {LONGEST} readable characters")
        if value and shape is not None and not shape.fullmatch(value):
            raise ValueError(f"{one.name} wants {wanted}, not {value!r}")
    return brand
