"""Authorization codes redeemed: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3, https://www.rfc-editor.org/rfc/rfc7636

What a code was bound to is checked in one transaction with its use, rule by rule; a code that was used buys nothing a
second time and costs what it bought the first time (OAUTH-04 to OAUTH-07).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

from ... import surfaces
from ...access.scopes import read_all
from ...ports.permits import REPLAY, Code, Permit, Permits, Replayed
from ...values import dataclass
from ..errors import InvalidGrant, InvalidRequest, InvalidScope, UnauthorizedClient
from ..refresh import Refreshing
from ..standing import Standing
from . import Authorization, Given

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
Rule = Callable[[Code, Given], str | None]
ALARM = "ALARM "
"""Begins the reason of an audit entry that tells of an attack, or of an application that does not keep its secrets."""


def same_client(code: Code, given: Given) -> str | None:
    """It was given to this client."""
    return None if code.permit.client == given.client.id else "the code of another client"


def not_used(code: Code, _: Given) -> str | None:
    """Once, and not again (OAUTH-05); before all that a thief may not know."""
    return REPLAY if code.used is not None else None


def in_time(code: Code, given: Given) -> str | None:
    """Within thirty seconds, without leeway; and nobody took the permit back meanwhile."""
    if not given.now < code.expires:
        return "the code has expired"
    return None if code.permit.in_force(given.now) else "the permit was taken back"


def same_redirect(code: Code, given: Given) -> str | None:
    """The redirect_uri of the authorization request, letter by letter."""
    return None if code.permit.redirect_uri == given.request.redirect_uri else "another redirect_uri"


def right_verifier(code: Code, given: Given) -> str | None:
    """RFC 7636 section 4.6, S256."""
    verifier = given.request.code_verifier or ""
    if not VERIFIER.fullmatch(verifier):
        return "no code_verifier, or none of 43 to 128 unreserved characters"
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return None if hmac.compare_digest(made, code.challenge) else "the code_verifier does not fit the challenge"


def same_api(code: Code, given: Given) -> str | None:
    """The API of the client's side is still the one that the person was asked about."""
    return None if surfaces.find(given.client.access, "patient").id == code.permit.surface else "another API"


RULES: tuple[Rule, ...] = (same_client, not_used, in_time, same_redirect, right_verifier, same_api)


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """Turns a code into what the person granted."""

    permits: Permits
    standing: Standing
    refreshing: Refreshing
    name: str = "authorization_code"
    public: bool = True

    async def redeem(self, given: Given) -> Authorization:
        """What the person granted. Raises InvalidGrant, InvalidRequest, UnauthorizedClient."""
        fit(given)
        code = given.request.code
        if code is None:
            raise InvalidRequest("code is required")
        found = await self.permits.redeem(given.tenant.number, code, lambda one: broken(one, given), given.now)
        if isinstance(found, Replayed):
            raise InvalidGrant(reason=f"{ALARM}a code was shown twice, permit {found.permit.id} ended")
        if isinstance(found, str):
            raise InvalidGrant(reason=found)
        if wrong := await self.standing.lost(given.tenant, found.permit):
            raise InvalidGrant(reason=wrong)
        return authorization(given, found.permit, found.nonce, self.refreshing.text(found.permit))


def broken(code: Code, given: Given) -> str | None:
    """The first rule that does not hold, None where all do."""
    return next((wrong for rule in RULES if (wrong := rule(code, given)) is not None), None)


def fit(given: Given) -> None:
    """Is this an application that people use, and that the tenant authorized?"""
    if given.client.type == "system":
        raise UnauthorizedClient("this grant is for applications that people use")
    if not given.client.approved:
        raise InvalidScope("Application not authorized for this tenant")


def authorization(given: Given, permit: Permit, nonce: str | None, refresh_token: str | None) -> Authorization:
    """What a permit entitles to, as far as it goes today."""
    surface = surfaces.find(given.client.access, "patient")
    told = read_all(" ".join(permit.scopes))
    spelled = {str(one) for one in told}
    return Authorization(
        client=given.client,
        surface=surface,
        scopes=told,
        patient=permit.patient,
        words=tuple(one for one in permit.scopes if one not in spelled),
        permit=permit,
        nonce=nonce,
        refresh_token=refresh_token,
    )
