"""The tenants' own identity providers; a provider's client secret is sealed under the master key."""

from ..accounts.federation import Upstream
from ..ports.clock import Clock
from ..ports.journal import Entry
from .journal import APPEND, columns
from .master import Master
from .pool import Pool

FIELDS = "tenant, issuer, name, client_id, secret, scope, role, type, claim, system, enabled"
OF = f"select {FIELDS} from upstream where tenant = $1"
SAVE = f"""insert into upstream ({FIELDS}, changed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (tenant) do update set issuer = excluded.issuer, name = excluded.name, client_id = excluded.client_id,
  secret = excluded.secret, scope = excluded.scope, role = excluded.role, type = excluded.type, claim = excluded.claim,
  system = excluded.system, enabled = excluded.enabled, changed = excluded.changed"""


class PostgresUpstreams:
    """accounts.federation.Upstreams."""

    def __init__(self, pool: Pool, master: Master, clock: Clock) -> None:
        self._pool = pool
        self._master = master
        self._clock = clock

    async def of(self, tenant: int) -> Upstream | None:
        """As Upstreams."""
        row = await self._pool.fetchrow(OF, tenant)
        if row is None:
            return None
        sealed = row["secret"]
        secret = None if sealed is None else self._master.open(bytes(sealed), place(tenant)).decode()
        return Upstream(**dict(row) | {"secret": secret})

    async def save(self, upstream: Upstream, entry: Entry) -> None:
        """As Upstreams."""
        u = upstream
        sealed = None if u.secret is None else self._master.seal(u.secret.encode(), place(u.tenant))
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                SAVE, u.tenant, u.issuer, u.name, u.client_id, sealed, u.scope, u.role, u.type, u.claim, u.system,
                u.enabled, self._clock(),
            )  # fmt: skip
            await connection.execute(APPEND, *columns([entry]))


def place(tenant: int) -> str:
    """What a sealed secret is bound to."""
    return f"upstream {tenant}"
