"""A patient-context token for a terminal, in preview only: what the patients' own login will give later.

The trial takes no more than the application was registered for; system/ scopes of a backend service stand for the same
patient/ ones, so that one registration serves to try both APIs of a side.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .. import surfaces
from ..access.scopes import Scope, read_all, spell
from ..ports.clients import Client, Clients
from ..ports.clock import Clock
from ..ports.keys import Assertions
from ..tenancy import Tenant
from ..values import dataclass
from .errors import InvalidClient, InvalidRequest, InvalidScope, UnauthorizedClient
from .frame import Context
from .grants import Authorization
from .scope import granted, sensitive
from .token import token_entry
from .tokens import Mint, Token

ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Trial:
    """Mints patient-context tokens where `preview` says so; refuses everywhere else."""

    mint: Mint
    clients: Clients
    assertions: Assertions
    now: Clock
    preview: bool

    async def mint_patient(
        self, tenant: Tenant, client_id: str, patient: str, scope: str | None, context: Context
    ) -> Token:
        """A token for the patient-access API of the client's side, audited like any other.

        `scope` None asks for everything that was registered. Raises OAuthError.
        """
        if not self.preview:
            raise UnauthorizedClient("patient-context tokens are minted in preview only")
        if not ID.fullmatch(patient):
            raise InvalidRequest("the patient has to be the id of a Patient")
        client = await self.clients.find(tenant.number, client_id)
        if client is None or not client.enabled:
            raise InvalidClient("no such application in this tenant, or it is switched off")
        now = self.now()
        token = await self.mint.token(tenant, authorization(client, patient, scope), now)
        await self.assertions.record(token_entry(token, context, now))
        return token


def authorization(client: Client, patient: str, scope: str | None) -> Authorization:
    """What the trial entitles to."""
    if not client.approved:
        raise InvalidScope("Application not authorized for this tenant")
    if client.access in (surfaces.INTAKE.side, surfaces.RESEARCH.side):
        raise UnauthorizedClient(f"an application of access {client.access} reads nothing, for no patient")
    surface = surfaces.find(client.access, "patient")
    registered = tuple(str(one) for one in patient_scopes(client.scopes))
    scopes = granted(scope or " ".join(registered), registered, surface)
    return Authorization(
        client, surface, scopes, patient, words=sensitive(scope or " ".join(client.scopes), client.scopes)
    )


def patient_scopes(registered: Iterable[str]) -> Iterator[Scope]:
    """The registered scopes with `patient/` in the place of `system/`."""
    for one in (scope for text in registered for scope in read_all(text) if scope.level in ("patient", "system")):
        moved = replace(one, level="patient", text="")
        yield replace(moved, text=spell(moved, v1=one.spelled_v1))
