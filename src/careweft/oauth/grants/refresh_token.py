"""Refresh tokens redeemed: https://www.rfc-editor.org/rfc/rfc6749#section-6, https://www.rfc-editor.org/rfc/rfc9700#section-4.14

Each use turns its permit to the next generation and moves its end; a generation that is gone by more than the grace is
reuse, and ends the permit (OAUTH-18, OAUTH-19, OATK-14).
"""

from dataclasses import replace

from ... import surfaces
from ...ports.permits import REPLAY, Permit, Permits, Replayed
from ...values import dataclass
from ..errors import InvalidGrant, InvalidRequest
from ..lifetimes import grace, slid
from ..refresh import Refreshing, Shown
from ..scope import covered, within
from ..standing import Standing
from . import Authorization, Given
from .authorization_code import ALARM, authorization, fit


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """Turns a refresh token into a new access token and its successor."""

    permits: Permits
    standing: Standing
    refreshing: Refreshing
    name: str = "refresh_token"
    public: bool = True

    async def redeem(self, given: Given) -> Authorization:
        """What the person granted, or less where less is asked for. Raises InvalidGrant, InvalidScope, ..."""
        fit(given)
        permit, shown = await self._permit(given)
        told = told_today(given, permit)
        turned = await self.permits.refresh(
            given.tenant.number,
            permit.id,
            lambda held: turn(held, shown, given),
            given.now,
            slid(given.client, permit.limit, given.now),
        )
        if isinstance(turned, Replayed):
            raise InvalidGrant(reason=f"{ALARM}a used refresh token came back, permit {turned.permit.id} ended")
        if isinstance(turned, str):
            raise InvalidGrant(reason=turned)
        return authorization(given, replace(turned, scopes=told), None, self.refreshing.text(turned))

    async def _permit(self, given: Given) -> tuple[Permit, Shown]:
        """The permit that the token hangs on, in force and with everybody still standing where they stood."""
        if given.request.refresh_token is None:
            raise InvalidRequest("refresh_token is required")
        shown = self.refreshing.read(given.tenant.number, given.request.refresh_token)
        permit = None if shown is None else await self.permits.find(given.tenant.number, shown.permit)
        if shown is None or permit is None:
            raise InvalidGrant(reason="no refresh token of ours")
        if wrong := mismatch(permit, given):
            raise InvalidGrant(reason=wrong)
        if wrong := await self.standing.lost(given.tenant, permit):
            raise InvalidGrant(reason=wrong)
        return permit, shown


def mismatch(permit: Permit, given: Given) -> str | None:
    """Why this permit is none of this client's here and now, None where it is."""
    if permit.client != given.client.id:
        return "the refresh token of another client"
    if permit.lasting is None or surfaces.find(given.client.access, "patient").id != permit.surface:
        return "the refresh token of another API, or of none"
    return None if permit.in_force(given.now) else "the permit has ended"


def told_today(given: Given, permit: Permit) -> tuple[str, ...]:
    """The scopes of the new access token: what was granted and is registered today, or the part that is asked for;
    never more (AUTHZ-06). Raises InvalidScope.
    """
    surface = surfaces.find(given.client.access, "patient")
    kept = within(" ".join(permit.scopes), given.client.scopes, surface)
    return kept if given.request.scope is None else covered(given.request.scope, kept)


def turn(held: Permit, shown: Shown, given: Given) -> int | str:
    """The generation that the permit is at after this use; looked at while its row is locked."""
    if wrong := mismatch(held, given):
        return wrong
    if shown.generation == held.generation:
        return held.generation + 1
    late = held.rotated is None or given.now - held.rotated > grace(given.client)
    if shown.generation != held.generation - 1 or late or not grace(given.client):
        return REPLAY
    return held.generation
