"""Where somebody goes on after a proof of who they are: one of our own pages, named by a word, never by an address
(OATK-09).
"""

import re

from ..tenancy import PLATFORM, Tenant

_PORTAL = re.compile(r"(developers|console|administration)((?:/[a-z]{1,20})?(?:/[0-9a-f]{40})?)")
HOMES = {
    "developer": "/developers",
    "administrator": "/administration",
    "owner": "/console/{tenant}",
    "privacy": "/console/{tenant}",
    "helpdesk": "/console/{tenant}/search",
    "analyst": "/console/{tenant}",
    "reader": "/console/{tenant}",
}
"""Where those begin who look after something else than their own records, by role."""


def home(role: str, tenant: Tenant) -> str | None:
    """The first page of somebody of this role; None for those who begin at their account."""
    return HOMES[role].replace("{tenant}", tenant.id) if role in HOMES else None


def place(tenant: Tenant, then: str) -> str | None:
    """The page of the portal or of the console that this word names; None where it names none.

    >>> place(PLATFORM, "developers"), place(PLATFORM, "https://evil.example"), place(PLATFORM, "console/brand")
    ('/developers', None, None)
    """
    shape = _PORTAL.fullmatch(then)
    if shape is None or (shape[1] == "console") == (tenant == PLATFORM):
        return None
    return f"/console/{tenant.id}{shape[2]}" if shape[1] == "console" else f"/{shape[1]}{shape[2]}"
