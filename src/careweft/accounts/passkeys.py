"""Passkeys: https://www.w3.org/TR/webauthn-3/ (WEB-05). The relying party is the host of the base URL.

User verification is always wanted: the device is one factor and what unlocks it another, so a passkey signs in alone.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..ports.people import Account, Session, Visit, number
from ..tenancy import Tenant
from .changes import AddPasskey, DropPasskey, Settle, Spend, Taken, UsePasskey
from .factors import ACTION, Enrolled, Factors, check_not_last
from .means import Guarded, Means, content
from .needs import Passkey
from .refusals import Unfit, Wrong

if TYPE_CHECKING:  # loaded when somebody has a passkey: a start does not wait for it
    from fido2.server import Fido2Server
    from fido2.webauthn import AttestedCredentialData

AMR = ("pop", "user", "mfa")
ENROLS = timedelta(minutes=5)
MOST = 20
"""Passkeys of one account."""
LONGEST = 64 * 1024

Options = Mapping[str, Any]


class Passkeys:
    """Enrolling and removing passkeys."""

    def __init__(self, means: Means, factors: Factors) -> None:
        self._means = means
        self._factors = factors

    async def begin(self, tenant: Tenant | None, session: Session) -> tuple[str, Options]:
        """The ticket, and what the browser's call wants. Raises Again, Unfit (`factor.there`)."""
        self._means.check_recent(session)
        held = await self._means.register.secrets(number(tenant), session.account.id)
        if len(held.passkeys) >= MOST:
            raise Unfit("factor.there")
        options, state = registration(self._means.base_url, session.account, held.passkeys)
        return await self._means.issue(tenant, "passkey-new", session.account.id, ENROLS, state=state), options

    async def add(
        self, tenant: Tenant | None, session: Session, ticket: str, response: Options, label: str, visit: Visit
    ) -> Enrolled:
        """The browser's answer, kept under a label. Raises Again, Wrong (`passkey`)."""
        means, account = self._means, session.account
        lost = Wrong("passkey")
        async with Guarded(means, tenant, ACTION, visit, account, lost):
            means.check_recent(session)
            begun = await means.ticket(tenant, "passkey-new", ticket, "passkey")
            if begun.account != account.id:
                raise lost
            data, counter = registered(means.base_url, content(begun)["state"], response)
            add = AddPasskey(
                account.id, data.credential_id, bytes(data), counter, label.strip()[:60] or "passkey", means.now()
            )
            spent = Spend(begun.digest, "passkey-new", means.now())
            try:
                return await self._factors.enrolled(tenant, session, AMR, visit, (spent, add))
            except Taken:
                raise lost from None

    async def drop(self, tenant: Tenant | None, session: Session, id_: bytes, visit: Visit) -> None:
        """Remove one. Raises Again, Unfit (`factor.last`), Wrong (`passkey`) where it is not the person's own."""
        account = session.account
        async with Guarded(self._means, tenant, ACTION, visit, account, Wrong("passkey")):
            self._means.check_fresh(session)
            held = await self._means.register.secrets(number(tenant), account.id)
            check_not_last(account, held.totp is not None, len([one for one in held.passkeys if one.id != id_]))
            changes = (DropPasskey(account.id, id_), Settle(account.id))
            await self._means.record(tenant, ACTION, visit, account, changes, "passkey removed")


def server(base_url: str) -> "Fido2Server":
    """The relying party: its id is the host, and only the base URL itself is taken as an origin."""
    from fido2.server import Fido2Server  # noqa: PLC0415
    from fido2.webauthn import PublicKeyCredentialRpEntity  # noqa: PLC0415

    host = urlsplit(base_url).hostname or ""
    party = PublicKeyCredentialRpEntity(name="careweft", id=host)
    return Fido2Server(party, verify_origin=lambda origin: origin == base_url)


def registration(base_url: str, account: Account, held: Sequence[Passkey]) -> tuple[Options, Any]:
    """Options for navigator.credentials.create, and the state to check the answer with."""
    from fido2 import webauthn  # noqa: PLC0415

    options, state = server(base_url).register_begin(
        webauthn.PublicKeyCredentialUserEntity(
            id=bytes.fromhex(account.id), name=account.username, display_name=account.name
        ),
        [webauthn.AttestedCredentialData(one.public) for one in held],
        resident_key_requirement=webauthn.ResidentKeyRequirement.REQUIRED,
        user_verification=webauthn.UserVerificationRequirement.REQUIRED,
    )
    return dict(options), state


def authentication(base_url: str) -> tuple[Options, Any]:
    """Options for navigator.credentials.get: whichever passkey the browser has for this host."""
    from fido2.webauthn import UserVerificationRequirement  # noqa: PLC0415

    options, state = server(base_url).authenticate_begin(None, UserVerificationRequirement.REQUIRED)
    return dict(options), state


def registered(base_url: str, state: Any, response: Options) -> "tuple[AttestedCredentialData, int]":
    """The passkey that the browser made, and its counter. Raises Wrong (`passkey`)."""
    try:
        made = server(base_url).register_complete(state, checked(response))
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError):
        raise Wrong("passkey") from None
    data = made.credential_data
    if data is None:
        raise Wrong("passkey")
    return data, made.counter


def credential(response: Options) -> bytes:
    """The id of the passkey that an answer names. Raises Wrong (`passkey`)."""
    from fido2.webauthn import AuthenticationResponse  # noqa: PLC0415

    try:
        return bytes(AuthenticationResponse.from_dict(checked(response)).raw_id)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Wrong("passkey") from None


def authenticated(base_url: str, state: Any, kept: Passkey | None, response: Options, now: datetime) -> UsePasskey:
    """The use of a passkey whose signature holds. Raises Wrong (`passkey`)."""
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse, AuthenticatorData  # noqa: PLC0415

    if kept is None:
        raise Wrong("passkey")
    try:
        server(base_url).authenticate_complete(state, [AttestedCredentialData(kept.public)], checked(response))
        data: AuthenticatorData = AuthenticationResponse.from_dict(response).response.authenticator_data
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Wrong("passkey") from None
    return UsePasskey(kept.account, kept.id, data.counter, now)


def checked(response: Options) -> dict[str, Any]:
    """An answer of a size that is read. Raises Wrong (`passkey`)."""
    try:
        if len(json.dumps(response)) > LONGEST:
            raise Wrong("passkey")
    except (TypeError, ValueError):
        raise Wrong("passkey") from None
    return dict(response)
