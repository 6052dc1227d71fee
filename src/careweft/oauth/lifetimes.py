"""How long what a person granted lasts: codes, permits, refresh tokens (OAUTH-04, OAUTH-19, D-10, D-11)."""

from datetime import datetime, timedelta

from ..ports.clients import Client

CODE = timedelta(seconds=30)
WAITS = timedelta(minutes=15)
"""How long a request waits for the person."""
PUSHED = timedelta(seconds=60)
LAUNCH = timedelta(minutes=5)
SESSION = timedelta(hours=12)
"""The longest that a session lasts, and so whatever ends with it (WEB-08)."""
DEFAULT_LIFE = 60 * 60
LONGEST_LIFE = 12 * 60 * 60
GRACE = 10


def life(client: Client, now: int) -> int:
    """Seconds that an access token of this client lives: what was registered, else an hour; at least one, at most
    twelve hours (OAUTH-17), and never past the day on which what the tenant allowed ends.
    """
    left = LONGEST_LIFE if client.expires is None else int(client.expires.timestamp()) - now
    return max(1, min(client.lifetime or DEFAULT_LIFE, LONGEST_LIFE, left))


def code_ends(now: datetime) -> datetime:
    """When a code that is given now is none any more."""
    return now + CODE


def permit_limit(client: Client, lasting: str | None, opened: datetime, now: datetime) -> datetime | None:
    """Beyond which no refresh leads, None where there is no such end."""
    if lasting == "online":
        return opened + SESSION
    if lasting == "offline":
        return None if client.refresh_limit is None else now + timedelta(days=client.refresh_limit)
    return now + CODE + timedelta(seconds=life(client, int(now.timestamp())))


def permit_ends(client: Client, lasting: str | None, opened: datetime, now: datetime) -> datetime:
    """When a permit ends that is given or used now, unless it is used again (OAUTH-19)."""
    return slid(client, permit_limit(client, lasting, opened, now), now)


def slid(client: Client, limit: datetime | None, now: datetime) -> datetime:
    """The end that this use of a refresh token moves its permit to."""
    until = now + timedelta(days=client.refresh_days)
    return until if limit is None else min(until, limit)


def grace(client: Client) -> timedelta:
    """How long after a refresh the token before still works (D-10): not at all for a public client, unless told."""
    default = GRACE if client.confidential else 0
    return timedelta(seconds=default if client.grace is None else client.grace)
