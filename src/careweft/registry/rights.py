"""What a change to an application takes away: tokens issued before it must then die."""

from collections.abc import Callable
from datetime import datetime

from ..ports.clients import Client

Check = Callable[[Client, Client], bool]


def takes_away(old: Client, new: Client, now: datetime) -> bool:
    """Does `new` allow anything less than `old`? Secrets that had ended by `now` are no loss, and who had no right at
    all has none to lose.

    Scopes are compared as they are spelled: another spelling of the same right costs a new token, never a leak.
    """
    if not (old.approved and old.enabled):
        return False
    return any(lost(old, new) for lost in LOSSES) or bool(live(old, now) - live(new, now))


def live(client: Client, now: datetime) -> frozenset[bytes]:
    """The hashes of the secrets that are good at `now`."""
    return frozenset(hash_ for hash_, end in client.secrets if end is None or end > now)


def keys(client: Client) -> frozenset[str]:
    """Its inline keys, as text."""
    return frozenset(repr(sorted(key.items())) for key in (client.jwks or {}).get("keys", ()))


LOSSES: tuple[Check, ...] = (
    lambda old, new: old.enabled and not new.enabled,
    lambda old, new: old.approved and not new.approved,
    lambda old, new: old.bulk and not new.bulk,
    lambda old, new: not set(old.scopes) <= set(new.scopes),
    lambda old, new: bool(new.networks) and not set(old.networks or ("",)) <= set(new.networks),
    lambda old, new: bool(new.groups) and not set(old.groups or ("",)) <= set(new.groups),
    lambda old, new: new.expires is not None and (old.expires is None or new.expires < old.expires),
    lambda old, new: not set(old.redirect_uris) <= set(new.redirect_uris),
    lambda old, new: (old.type, old.access, old.auth, old.platform) != (new.type, new.access, new.auth, new.platform),
    lambda old, new: old.jwks_uri is not None and old.jwks_uri != new.jwks_uri,
    lambda old, new: not keys(old) <= keys(new),
)
