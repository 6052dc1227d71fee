"""ports.Queues over PostgreSQL: exports, Groups that are due, exports that come again, and letters."""

from collections.abc import Sequence

from ..ports.queues import Queue
from .pool import Pool

LOOK = """
with open as (
  select j.id, greatest(j.created, j.turn) as since from job j where j.state in ('waiting', 'running', 'finishing')
), parts as (
  select p.job, count(*) filter (where p.state = 'leased' and p.until > clock_timestamp()) as held,
    count(*) filter (where p.until <= clock_timestamp()) as free
  from job_part p join open o on o.id = p.job where p.state <> 'done' group by p.job
), queue as (
  select 'exports' as name, coalesce(sum(p.free), 0) as waiting, min(o.since) filter (where p.held = 0) as since,
    coalesce(sum(p.held), 0) as working
  from open o join parts p on p.job = o.id
  union all
  select k.name, count(d.at), min(d.at), 0
  from unnest($1::text[]) k (name) left join due d on d.kind = k.name and d.at <= clock_timestamp() group by k.name
  union all
  select 'letters', count(*), min(due), 0 from outbox
  where sent is null and content is not null and due <= clock_timestamp()
)
select name, waiting, working,
  coalesce(extract(epoch from clock_timestamp() - since), 0)::float8 as oldest from queue order by name
"""
KINDS = {"group": "groups", "export": "schedules"}
"""The kinds of `due`, and what their queues are called."""


class PostgresQueues:
    """For web processes: they are there when no job process is."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def look(self) -> Sequence[Queue]:
        """As ports.Queues."""
        rows = await self._pool.fetch(LOOK, list(KINDS))
        return [
            Queue(
                KINDS.get(row["name"], row["name"]), int(row["waiting"]), max(row["oldest"], 0.0), int(row["working"])
            )
            for row in rows
        ]
