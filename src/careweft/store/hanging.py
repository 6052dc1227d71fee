"""Which of many records hang on nothing that is withheld: told for all at once, where `visible` asks one by one.

Provenance hangs on its targets, a Binary on its context and on the documents that hold it. Whoever is told here is
surely clean: every reference counts for that, not only those that matter. Who hangs right on what carries a label is
surely withheld. The others are doubted, and left to `visible`.
"""

import re
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import field
from operator import itemgetter

from ..access.reach import HANGING
from ..fhir.definitions import RESOURCES, SEARCH
from ..fhir.outcomes import Unavailable
from ..values import dataclass
from .bound import Bound
from .columns import GATHER, LONG, Columns, portions
from .found import TYPES
from .pool import Connection, Row
from .visible import HOLDERS, hung_on, ref

STEPS = 2
"""From what hangs on what hangs on other records; whatever hangs longer is doubted."""
REFERENCE, END = b'"reference":"', b'"'
"""A text of a record cannot look like this: its quotes would be escaped."""
VERSIONED = b"/_history/"
ON = tuple(f"{type_}/".encode() for type_ in HANGING)
HUNG = tuple(REFERENCE + one for one in ON)
MOST = 200_000
"""Labelled records that are held against what records name; where a tenant has more, what is named is looked up."""
AT_ONCE = 1000
"""Records that hang in between, looked at together."""
MOST_HOLDING = 5_000
"""Labelled documents that are looked through for attachments; where there are more, each attachment is looked up."""
ATTACHED = re.compile(rb'"url":"Binary/([A-Za-z0-9.\-]{1,64})"')
LABELLED = f"""
select rt, id from body where tenant = $1 and lab <> 0 and (lab & $2::int2) <> 0 limit {MOST + 1}
"""
"""Those that were deleted too: what hung on them still does."""
MARKED = """
select b.rt, b.id from unnest($2::int2[], $3::text[]) k(rt, id)
join body b on b.tenant = $1 and b.rt = k.rt and b.id = k.id where (b.lab & $4::int2) <> 0
"""
BETWEEN = GATHER.format(
    sql="""
select b.rid, b.id, b.ver, b.updated, b.subject, b.others, b.dic, b.kid, b.body
from unnest($3::text[]) k(id) join body b on b.tenant = $1 and b.rt = $2 and b.id = k.id
""",
    long=LONG,
)
BODIES = "select b.rt, b.id, b.body, b.dic, b.kid from body b where b.tenant = $1 and b.rid = any($2::int8[])"
HOLDING = """
select rid, octet_length(body) as size from body
where tenant = $1 and lab <> 0 and (lab & $2::int2) <> 0 and rt = any($3::int2[]) and body is not null limit $4::int4
"""
HELD = """
select k.tok from unnest($2::int8[]) k(tok) where exists (
  select from res r where r.tok @> array[k.tok] and (r.tenant = $1 and (r.lab & $3::int2) <> 0) is true)
"""
"""A token is looked up by itself: of `&&` with thousands the index compares all with all."""


BEGINNING = 24
"""Bytes of a name by which most are told apart: a row of which no name begins like one that is looked for has none."""
_begun = itemgetter(slice(0, BEGINNING))


@dataclass(frozen=True, slots=True)
class Names:
    """Records (`Type/id`) that are looked for in texts, and how they begin; None where one is shorter than that."""

    names: frozenset[bytes] = field(repr=False)
    begun: frozenset[bytes] | None = field(repr=False)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Names":
        """Of rows with `rt` and `id`."""
        found = frozenset(f"{TYPES[row['rt']]}/{row['id']}".encode() for row in rows)
        short = any(len(one) < BEGINNING for one in found)
        return cls(found, None if short else frozenset(map(_begun, found)))

    def none_in(self, text: bytes) -> bool:
        """Surely: no name in this text begins like one of these."""
        return self.begun is not None and self.begun.isdisjoint(map(_begun, text.split(REFERENCE)))


@dataclass(frozen=True, slots=True)
class Hanging:
    """Looks at one tenant's records, under the snapshot of a connection; `withheld` are labels, as bits."""

    bound: Bound
    connection: Connection
    withheld: int
    known: list[Names | None] = field(default_factory=list, init=False, repr=False)
    """What `_labelled` found: None where there are too many."""
    holding: list[frozenset[str] | None] = field(default_factory=list, init=False, repr=False)
    """What `_holding` found."""

    async def told(self, rows: Columns, left: int = STEPS) -> Sequence[bool | None]:
        """Of each of these rows, which carry no label themselves, whether it is clean; None where it is doubted. Raises
        Unavailable.
        """
        texts = rows.texts()
        labelled = await self._labelled(texts)
        held = await self._held(rows.ids) if rows.type == "Binary" else frozenset[str]()
        between: dict[int, Sequence[bytes]] = {}
        found = _judged(rows, texts, labelled, held, between)
        if between and left:
            clean = await self._through(set().union(*between.values()), left - 1)
            for at, named in between.items():
                found[at] = True if clean.issuperset(named) else None
        return found

    async def _through(self, between: Collection[bytes], left: int) -> set[bytes]:
        """Of these, which carry no label, those that are clean; one that never was here withholds nothing."""
        clean: set[bytes] = set()
        for type_ in HANGING:
            head = f"{type_}/".encode()
            ids = sorted(one.removeprefix(head).decode() for one in between if one.startswith(head))
            for some in (ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)):
                row = await self.connection.fetchrow(BETWEEN, self.bound.tenant, RESOURCES[type_], some)
                assert row is not None  # noqa: S101  an aggregate
                rows = Columns.of(type_, row, self.bound) if row["n"] else None
                told = () if rows is None else zip(rows.ids, await self.told(rows, left), strict=True)
                here = dict(told)
                clean.update(head + one.encode() for one in some if here.get(one, True))
        return clean

    async def _labelled(self, texts: Sequence[bytes | None]) -> Names:
        """The records that carry one of the labels: all there are, or those that are named."""
        if not self.known:
            every = await self.connection.fetch(LABELLED, self.bound.tenant, self.withheld)
            self.known.append(None if len(every) > MOST else Names.of(every))
        if (known := self.known[0]) is not None:
            return known
        parted = [one.decode().partition("/") for one in set().union(*(names(one) for one in texts if one))]
        keys = [(RESOURCES[type_], id_) for type_, _, id_ in parted if type_ in RESOURCES]
        asked = [rt for rt, _ in keys], [id_ for _, id_ in keys]
        return Names.of(await self.connection.fetch(MARKED, self.bound.tenant, *asked, self.withheld))

    async def _held(self, ids: Sequence[str]) -> frozenset[str]:
        """Every attachment of these that a labelled document may hold."""
        holding = await self._holding()
        if holding is not None:
            return holding
        hashes, numbers = self.bound.hashes, [SEARCH[type_]["-attachment"].number for type_ in HOLDERS]
        tokens = {hashes.uri(number, f"Binary/{one}"): one for one in ids for number in numbers}
        found = await self.connection.fetch(HELD, self.bound.tenant, list(tokens), self.withheld)
        return frozenset(tokens[row["tok"]] for row in found)

    async def _holding(self) -> frozenset[str] | None:
        """Ids of attachments that labelled documents name; None where there are too many, or one cannot be read."""
        if not self.holding:
            asked = self.withheld, [RESOURCES[one] for one in HOLDERS], MOST_HOLDING + 1
            few = await self.connection.fetch(HOLDING, self.bound.tenant, *asked)
            ids: set[str] | None = None if len(few) > MOST_HOLDING else set()
            async for rows in self._bodies(few[:MOST_HOLDING]):
                ids = None if ids is None else self._attached(rows, ids)
            self.holding.append(None if ids is None else frozenset(ids))
        return self.holding[0]

    async def _bodies(self, sizes: Sequence[Row]) -> AsyncIterator[Sequence[Row]]:
        """Rows by their numbers, with their bodies, as many at once as fit into memory."""
        for rids in portions(sizes):
            yield await self.connection.fetch(BODIES, self.bound.tenant, rids)

    def _attached(self, rows: Sequence[Row], ids: set[str]) -> set[str] | None:
        """The same, with what these rows name."""
        try:
            for row in rows:
                one = TYPES[row["rt"]], row["id"], row["body"], row["dic"], row["kid"]
                ids.update(name.decode() for name in ATTACHED.findall(self.bound.bodies.unpack(*one)))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whoever reads it next says so
            return None
        return ids


def names(text: bytes) -> Collection[bytes]:
    """All records that a text refers to, whatever version of them; what leads elsewhere is among it as it is.

    >>> names(b'"who":{"reference":"Group/1/_history/2"}},"what":{"reference":"#me"}}')
    [b'Group/1', b'#me']
    """
    found = [one.partition(END)[0] for one in text.split(REFERENCE)[1:]]
    return [one.partition(VERSIONED)[0] for one in found] if VERSIONED in text else found


def _judged(
    rows: Columns,
    texts: Sequence[bytes | None],
    labelled: Names,
    held: Collection[str],
    between: dict[int, Sequence[bytes]],
) -> list[bool | None]:
    """Of each row what is told by its own words; `between` learns which hang on what hangs itself, and on what."""
    found: list[bool | None] = [None] * rows.count
    for at, text in enumerate(texts):
        if text is None or rows.ids[at] in held:
            continue
        if labelled.none_in(text) and not any(one in text for one in HUNG):
            found[at] = True
            continue
        named = names(text)
        if not labelled.names.isdisjoint(named):
            found[at] = False if _hangs(rows, at, text, labelled.names) else None
        elif hung := [name for name in named if name.startswith(ON)]:
            between[at] = hung
        else:
            found[at] = True
    return found


def _hangs(rows: Columns, at: int, text: bytes, labelled: Collection[bytes]) -> bool:
    """It hangs right on one of these; of what cannot be read nobody knows."""
    try:
        links = hung_on(rows.type, rows.record(at, text))
    except Exception:  # noqa: BLE001  whoever reads it next says so
        return False
    return any(one is not None and f"{one.type}/{one.id}".encode() in labelled for one in map(ref, links))
