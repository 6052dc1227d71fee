"""Who may do what in a tenant's console: rows, and nobody who is in none of them (AUTHZ-17)."""

from collections.abc import Mapping
from types import MappingProxyType

ACTIONS: Mapping[str, frozenset[str]] = MappingProxyType({
    "owner":    frozenset({"see", "decide", "people", "brand", "search", "keys", "grants", "groups"}),
    "privacy":  frozenset({"see", "search", "grants"}),
    "helpdesk": frozenset({"search"}),
    "analyst":  frozenset({"see"}),
    "reader":   frozenset({"see"}),
})  # fmt: skip
"""`see` applications and their use, `decide` about them, invite `people` and switch them off, say what the published
lists tell (`brand`), `search` what was asked and withheld, rotate `keys`, end what people granted (`grants`), and
define `groups`.
"""


def may(role: str, action: str) -> bool:
    """May somebody of this role do this?"""
    return action in ACTIONS.get(role, frozenset())


def roles(action: str) -> frozenset[str]:
    """The roles that may do this."""
    return frozenset(role for role, actions in ACTIONS.items() if action in actions)
