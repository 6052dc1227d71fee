"""Everything that a page or a command asks of the accounts, in one place: each act is one method of one service."""

from collections.abc import Sequence

from ..ports.people import Account, Charge, Session
from ..tenancy import Tenant
from ..values import dataclass
from .charges import charges, own_patient
from .factors import Factors
from .federation import Federation, Provider, Upstreams
from .joining import Invitations
from .means import Means
from .needs import Secrets, Someone
from .office import Office
from .passkeys import Passkeys
from .recovery import Recovery
from .relations import Relations
from .signin import SignIn
from .signup import SignUp


@dataclass(frozen=True)
class Reception:
    """The services, joined; it is ports.People too."""

    means: Means
    sign_in: SignIn
    factors: Factors
    passkeys: Passkeys
    recovery: Recovery
    invitations: Invitations
    relations: Relations
    office: Office
    federation: Federation
    sign_up: SignUp

    @classmethod
    def of(cls, means: Means, upstreams: Upstreams, provider: Provider) -> "Reception":
        """Every service over the same means."""
        sign_in = SignIn(means)
        factors = Factors(means, sign_in.elevate)
        invitations = Invitations(means, sign_in)
        relations = Relations(means, invitations)
        return cls(
            means,
            sign_in,
            factors,
            Passkeys(means, factors),
            Recovery(means, sign_in),
            invitations,
            relations,
            Office(means, invitations, relations),
            Federation(means, sign_in, upstreams, provider),
            SignUp(means, sign_in),
        )

    async def find(self, tenant: int, id_: str) -> Account | None:
        """As ports.People."""
        return await self.means.register.find(tenant, id_)

    async def by_username(self, tenant: int, username: str) -> Account | None:
        """As ports.People."""
        return await self.means.register.by_username(tenant, username)

    async def charges(self, tenant: Tenant, account: str) -> Sequence[Charge]:
        """As ports.People."""
        register = self.means.register
        found = await register.find(tenant.number, account)
        if found is None or not found.enabled:
            return []
        relations = await register.relations(tenant.number, account=account)
        own = own_patient(found)
        known = await self._known(tenant, [one.patient for one in relations] + ([] if own is None else [own]))
        majority = await register.majority(tenant.number) if any(one.minor for one in relations) else 0
        return list(charges(found, relations, known, tenant.zone, majority, self.means.now()))

    async def sessions(self, account: Account) -> Sequence[Session]:
        """Where somebody is signed in, latest first."""
        return await self.means.sessions.list(account.tenant, account.id)

    async def secrets(self, account: Account) -> Secrets:
        """What somebody has to prove themselves with, for the page that lists it."""
        return await self.means.register.secrets(account.tenant, account.id)

    async def _known(self, tenant: Tenant, patients: Sequence[str]) -> dict[str, Someone]:
        found = {}
        for patient in dict.fromkeys(patients):
            someone = await self.means.records.someone(tenant, f"Patient/{patient}")
            if someone is not None:
                found[patient] = someone
        return found
