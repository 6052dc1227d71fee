"""The steps of an export: plan, read, gather, emit, finish. A part is small, and repeated whole where it broke off.

plan    the moment, and the parts: types and ranges of their rows, or a hundred patients
read    a part's lines into one stored object
gather  when all are read: what they refer to, and what their Provenance is
emit    a part of that
finish  pieces into files, with their checksums
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from ..access.caller import Caller
from ..access.reach import HANGING, Reach
from ..fhir import json
from ..ports.clock import Clock
from ..ports.files import Files
from ..ports.jobs import Done, File, Job, Part, Superseded, Task, Turns
from ..ports.journal import Entry
from ..surfaces.model import Surface
from ..tenancy import Tenant
from ..values import dataclass
from . import lines, manifest
from .deidentify.form import Form
from .lines import Opened, Shape, Text
from .ndjson import Writer
from .order import SUPPORTING, Order, moment, offered, reaches, where
from .research import form

LARGEST = 64 * 1024 * 1024
ROWS = 20_000
ROW = 1024
"""Bytes of most records are no more."""
TOGETHER = 4
"""Files that are summed up at once."""
ALL = 2**31 - 1
"""More rows than any part has."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes: of a file and of a piece in bytes of NDJSON, of a part in rows or patients; how long files are kept, in
    seconds; how many bytes a tenant's exports may store. Of one patient in `many` all records are gone past instead of
    looking for theirs: one that is only gone past costs a third of one that is looked for.
    """

    file: int = 256 * 1024 * 1024
    piece: int = 64 * 1024 * 1024
    rows: int = ROWS
    patients: int = 100
    named: int = 2_000
    many: int = 3
    kept: float = 7 * 86_400.0
    quota: int = 100 * 1024**3

    @classmethod
    def of(cls, file: int, kept: float, quota: int) -> "Limits":
        """With parts no larger than a file, where files are small."""
        return cls(file=file, rows=max(4, min(ROWS, file // ROW)), kept=kept, quota=quota)


class Full(Exception):
    """The exports of this tenant have taken all the space that they may; delete some, or let them expire."""


class Cut(Protocol):
    """Rows of a type, by their numbers."""

    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def low(self) -> int: ...  # noqa: D102
    @property
    def high(self) -> int: ...  # noqa: D102
    @property
    def rows(self) -> int: ...  # noqa: D102


class Batch(Protocol):
    """Some records of one type."""

    @property
    def type(self) -> str:
        """Of all of them."""
        ...

    def open(self) -> Opened:
        """Their lines, once: nothing else is asked afterwards."""
        ...

    def people(self) -> set[str]:
        """In whose compartments they lie."""
        ...

    def touching(self, here: frozenset[str]) -> "Batch":
        """Those of them that lie in the compartment of one of these patients."""
        ...

    def patients(self) -> Sequence[tuple[str, ...]]:
        """Whose compartments each lies in, the one it is about first."""
        ...

    def only(self, kept: Sequence[bool]) -> "Batch":
        """Those of them for which this says so."""
        ...


class Source(Protocol):
    """One tenant's records as they stood at one moment."""

    async def moment(self, asked: datetime) -> datetime:
        """The time up to which everything is final."""
        ...

    async def cuts(self, types: Sequence[str], since: datetime | None, size: int) -> Sequence[Cut]:
        """The rows of these types in ranges of `size` at most."""
        ...

    async def patients(self, low: int, high: int) -> Sequence[str]:
        """Patients by their row numbers."""
        ...

    async def existing(self, type_: str, ids: Sequence[str]) -> frozenset[str]:
        """Those of these ids that are or were records of this type."""
        ...

    async def targeting(self, theirs: "Theirs", when: "When", reach: Reach) -> frozenset[str]:
        """The Provenance of these patients' records."""
        ...

    async def targeted(self, refs: Sequence[tuple[str, str]], when: "When", reach: Reach) -> frozenset[str]:
        """The Provenance of these records."""
        ...

    def provenance(self, theirs: "Theirs", low: int, high: int, when: "When", reach: Reach) -> AsyncIterator[Batch]:
        """The Provenance of these records, by its row numbers."""
        ...

    async def of_theirs(self, ids: Sequence[str], theirs: "Theirs", when: "When", reach: Reach) -> frozenset[str]:
        """Those of these Provenance that `provenance` gives."""
        ...

    def between(self, type_: str, low: int, high: int, when: "When", reach: Reach) -> AsyncIterator[Batch]:
        """Records by their row numbers."""
        ...

    def about(self, reaches: Mapping[str, Reach], patients: Sequence[str], when: "When") -> AsyncIterator[Batch]:
        """Records in the compartments of these patients, type by type."""
        ...

    def named(self, type_: str, ids: Sequence[str], when: "When", reach: Reach) -> AsyncIterator[Batch]:
        """Records by their ids."""
        ...


@dataclass(frozen=True, slots=True)
class When:
    """As of `moment`; with `since` what changed after it and what was deleted, with `until` not after that."""

    moment: datetime
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Theirs:
    """Records of these types in the compartments of these patients; None: of all that there are or were."""

    patients: Sequence[str] | None
    types: Sequence[str]


@dataclass(frozen=True)
class Work:
    """A part, and all that is needed for it."""

    task: Task
    job: Job
    order: Order
    tenant: Tenant
    surface: Surface
    caller: Caller
    base: str
    source: Source
    turns: Turns
    files: Files
    limits: Limits
    now: Clock
    _reaches: dict[str, Reach | None] = field(default_factory=dict, init=False, repr=False)

    @property
    def moment(self) -> datetime:
        """The job's."""
        if self.job.moment is None:
            raise Superseded
        return self.job.moment

    @property
    def when(self) -> When:
        """Which versions the order asks for."""
        since, until = self.order.since, self.order.until
        return When(self.moment, moment("_since", since) if since else None, moment("_until", until) if until else None)

    def reach(self, type_: str) -> Reach | None:
        """How far the caller sees today."""
        if type_ not in self._reaches:
            known = [type_] if type_ in offered(self.surface, self.order.level) else []
            self._reaches[type_] = reaches(self.caller, self.surface, known, self.tenant.zone).get(type_)
        return self._reaches[type_]

    def shape(self, type_: str) -> Shape:
        """How this type's records go out."""
        texts = self.order.filters.get(type_, ())
        filters = tuple(where(one, self.surface, self.moment, self.tenant.zone, self.base) for one in texts)
        elements = lines.of_type(self.order.elements, type_)
        return Shape(type_, self.base, filters, elements, ZoneInfo(self.tenant.zone))

    @property
    def form(self) -> Form | None:
        """What becomes of each record, where the order says so."""
        return form(self.order, self.moment) if self.order.form else None

    @property
    def read(self) -> tuple[str, ...]:
        """The types that are read part by part; where only what comes along was asked for, all that may bring it."""
        if self.order.own or self.order.level == "system":
            return self.order.own
        types = offered(self.surface, self.order.level)
        return tuple(one for one in types if self.reach(one) and one not in SUPPORTING and one != "Provenance")

    @property
    def theirs(self) -> Theirs:
        """What is read, where the export is about patients."""
        return Theirs(self.order.whom, [one for one in self.read if self.reach(one)])

    @property
    def following(self) -> str:
        """What comes when all was read."""
        return "gather" if self.task.step == "read" and self.order.brings else "finish"


# Plan -----------------------------------------------------------------------------------------------------------------


async def plan(work: Work) -> None:
    """Divide the work while the moment gets final: what is written meanwhile lies in some part too."""
    dividing = asyncio.ensure_future(_divided(work))
    try:
        at = await work.source.moment(work.job.created)
        await work.turns.planned(work.task, at, await dividing)
    finally:
        dividing.cancel()


async def _divided(work: Work) -> Sequence[Part]:
    return [part async for part in _parts(work)] or _nothing(work)


def _nothing(work: Work) -> Sequence[Part]:
    return [Part("gather", 0, {})] if work.order.brings else []


async def _parts(work: Work) -> AsyncIterator[Part]:
    order, limits = work.order, work.limits
    past = order.level == "system" or await _many(work)
    if order.level != "system" and order.provenance and not (past and order.provenance == "all"):
        every = await _patients(work, limits.named)
        at_once = len(every) == 1 and order.provenance == "all"
        for _, whom in every:  # what takes longest begins first
            yield Part("read", 0, {"of": "Provenance", "shown": at_once, **whom})
    if past:
        for cuts in _packed(await _whole_types(work), limits.rows):
            spec = [[cut.type, cut.low, cut.high] for cut in cuts]
            yield Part("read", sum(cut.rows for cut in cuts), {"cuts": spec})
    else:
        for count, whom in await _patients(work, limits.patients):
            yield Part("read", count, whom)


async def _patients(work: Work, size: int) -> Sequence[tuple[int, dict[str, int]]]:
    """Whom the export is about, so many at once, and how many: `_whose` says who that is."""
    whom = work.order.whom
    if whom is not None:
        ends = [(at, min(at + size, len(whom))) for at in range(0, len(whom), size)]
        return [(end - at, {"from": at, "to": end}) for at, end in ends]
    return [(cut.rows, {"low": cut.low, "high": cut.high}) for cut in await work.source.cuts(["Patient"], None, size)]


async def _many(work: Work) -> bool:
    """The export is about so many of the patients that it is quicker to go past all records than to look for theirs."""
    whom = work.order.whom
    if work.order.organize or whom == ():
        return False
    if whom is None:
        return True
    every = await work.source.cuts(["Patient"], None, ALL)
    return work.limits.many * len(whom) >= sum(cut.rows for cut in every)


async def _whole_types(work: Work) -> Sequence[Cut]:
    """All rows of what is read, by types; what takes longest begins first."""
    order, size = work.order, work.limits.rows
    since = moment("_since", order.since) if order.since else None
    read = work.read if order.level == "system" or order.provenance != "all" else (*work.read, "Provenance")
    dear = [one for one in read if one in HANGING]
    others = [one for one in read if one not in HANGING]
    few = max(size // 2, len(order.whom or ()))  # each part of theirs is told about all patients
    return [*await work.source.cuts(dear, since, few), *await work.source.cuts(others, since, size)]


def _packed(cuts: Iterable[Cut], size: int) -> Iterable[Sequence[Cut]]:
    """Cuts by parts: small ones together, since a part costs something whatever it holds; dear ones alone."""
    some: list[Cut] = []
    for cut in cuts:
        alone = cut.type in HANGING or (some and some[-1].type in HANGING)
        if some and (alone or sum(one.rows for one in some) + cut.rows > size):
            yield some
            some = []
        some.append(cut)
    if some:
        yield some


# Read and emit --------------------------------------------------------------------------------------------------------


class Output:
    """Writes what a part reads into its object, and remembers what that refers to."""

    def __init__(self, work: Work, writer: Writer) -> None:
        self._work, self._writer, self._form = work, writer, work.form
        self._brings = SUPPORTING.intersection(work.order.types) if work.order.level != "system" else frozenset()
        self._shapes: dict[str, Shape] = {}
        self._gone: list[tuple[str, str]] = []
        self._broken: list[tuple[str, str]] = []
        self._patients: set[str] = set()
        self.refs: set[str] = set()

    async def put(self, batches: AsyncIterator[Batch], shown: Collection[str]) -> None:
        """Records; of types that are not shown, only what they refer to counts."""
        async for batch in batches:
            self._take(batch, shown)
            await self._writer.written()
            await asyncio.sleep(0)  # others have waited

    def _take(self, batch: Batch, shown: Collection[str]) -> None:
        opened, made = self._made(batch)
        if batch.type in shown:
            self._writer.take("output", batch.type, made if self._form is None else lines.formed(made, self._form))
            self._told(batch.type, opened)

    def _made(self, batch: Batch) -> tuple[Opened, Text]:
        """What a batch holds, and its lines as they were ordered."""
        type_ = batch.type
        if type_ not in self._shapes:
            self._shapes[type_] = self._work.shape(type_)
        self._patients |= batch.people()
        opened = batch.open()
        made = self._shapes[type_].shaped(opened)
        if self._brings:
            self.refs |= lines.refs(made.text, self._brings)
        return opened, made

    def _told(self, type_: str, opened: Opened) -> None:
        """What is gone and what cannot be read is told by its id, so of what goes out without ids it is not."""
        if self._form is None:
            self._gone += [(type_, one) for one in opened.gone]
            self._broken += [(type_, one) for one in opened.broken]

    def lost(self, type_: str, gone: Sequence[str]) -> None:
        """These were deleted."""
        self._gone += [(type_, one) for one in gone]

    async def block(self, patient: str, batches: AsyncIterator[Batch], shown: Collection[str]) -> None:
        """One patient's records behind a header, which stay together (organizeOutputBy)."""
        block: list[bytes] = []
        async for batch in batches:
            opened, made = self._made(batch)
            await asyncio.sleep(0)
            if batch.type in shown:
                block += made.lines
                self._told(batch.type, opened)
        if block:
            await self._writer.add("output", "", [lines.header(patient), *block], together=True)

    async def end(self) -> Done:
        """All of it; an object that would be empty is none."""
        await self._writer.add("deleted", "Bundle", lines.deletions(self._gone))
        await self._writer.add("error", "OperationOutcome", lines.unreadable(self._broken))
        if self._work.task.step == "finish":
            await self._writer.add("error", "OperationOutcome", lines.warned(self._work.order.warnings))
        pieces = await self._writer.end()
        return Done(None, pieces, self._writer.stored, frozenset(self.refs), self._entry() if pieces else None)

    def _entry(self) -> Entry:
        """What the journal keeps of this part: whose records went into a file, for whom."""
        work = self._work
        return Entry(
            at=work.now(),
            tenant=work.tenant.number,
            action="$export-part",
            surface=work.surface.id,
            status=200,
            request_id=f"{work.job.id}-{work.task.n}",
            client=work.job.client,
            id=work.job.id,
            patients=tuple(sorted(self._patients)),
        )


async def read(work: Work) -> None:
    """The lines of one part."""
    done = await _written(work, _read)
    await work.turns.complete(work.task, done, work.following)


async def emit(work: Work) -> None:
    """Some of what comes along, by id."""
    done = await _written(work, _emit)
    await work.turns.complete(work.task, done, "finish")


async def _written(work: Work, put: Any) -> Done:
    """What `put` writes, as one stored object whose name no other worker uses."""
    name = f"{work.tenant.id}/{work.job.id}/{work.task.n}-{work.task.token}-{secrets.token_hex(4)}"
    sink = await work.files.create(name)
    try:
        output = Output(work, Writer(sink, min(work.limits.piece, work.limits.file)))
        await put(work, output)
        done = await output.end()
        if not done.pieces:
            await sink.drop()
            return done
        await _room(work, done.bytes)
        await sink.keep()
    except BaseException:
        await sink.drop()
        raise
    return replace(done, object=name)


async def _room(work: Work, more: int) -> None:
    if await work.turns.stored(work.task.tenant) + more > work.limits.quota:
        raise Full


async def _read(work: Work, output: Output) -> None:
    spec = work.task.spec
    if "cuts" in spec:
        for type_, low, high in spec["cuts"]:
            reach = work.reach(type_)
            if reach is not None:
                shown = (type_,) if type_ == "Provenance" else work.order.types
                await output.put(_ranged(work, type_, low, high, reach), shown)
        return
    whose = await _whose(work)
    if "of" in spec:
        await _related(work, output, whose.chunk, shown=spec["shown"])
    elif work.order.organize:
        for patient in whose.chunk:
            await output.block(patient, _own(work, whose, [patient]), work.order.types)
    elif whose.chunk:
        await output.put(_own(work, whose, whose.chunk), work.order.types)


@dataclass(frozen=True, slots=True)
class Whose:
    """The patients of a part, and who else the export is about (None: everybody)."""

    chunk: Sequence[str]
    every: frozenset[str] | None


async def _whose(work: Work) -> Whose:
    spec, order = work.task.spec, work.order
    if order.whom is not None:
        return Whose(order.whom[spec["from"] : spec["to"]], frozenset(order.whom))
    return Whose(await work.source.patients(spec["low"], spec["high"]), None)


async def _own(work: Work, whose: Whose, chunk: Sequence[str]) -> AsyncIterator[Batch]:
    """The records of these patients; one that belongs to several goes out with the first whom the export is about."""
    here = frozenset(chunk)
    reaches = {type_: reach for type_ in work.read if (reach := work.reach(type_)) is not None}
    async for batch in work.source.about(reaches, chunk, work.when):
        if batch.people() <= here:
            yield batch
            continue
        owners = batch.patients()
        others = {one for of in owners if len(of) > 1 for one in of if one not in here}
        every = whose.every
        if every is None and others:
            every = here | await work.source.existing("Patient", sorted(others))
        if every is None or not others:
            yield batch
            continue
        yield batch.only([next((one for one in of if one in every), None) in here for of in owners])


def _ranged(work: Work, type_: str, low: int, high: int, reach: Reach) -> AsyncIterator[Batch]:
    """Of these rows those that the export is about."""
    source, when = work.source, work.when
    if work.order.level != "system" and type_ == "Provenance":
        return source.provenance(work.theirs, low, high, when, reach)
    found = source.between(type_, low, high, when, reach)
    return found if work.order.level == "system" else _theirs(work, found)


async def _theirs(work: Work, batches: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
    """Of these records those in the compartments of the patients whom the export is about."""
    whom = None if work.order.whom is None else frozenset(work.order.whom)
    async for batch in batches:
        here = await work.source.existing("Patient", sorted(batch.people())) if whom is None else whom
        yield batch.touching(here)


async def _related(work: Work, output: Output, patients: Sequence[str], *, shown: bool) -> None:
    """What Provenance there is of these patients' records, and what that refers to. It is shown here where nobody else
    finds the same: where these are all patients; else it comes along, so that each goes out once.
    """
    reach = work.reach("Provenance")
    if reach is None:
        return
    ids = sorted(await work.source.targeting(Theirs(patients, work.theirs.types), work.when, reach))
    output.refs.update(f"Provenance/{one}" for one in ids)
    if shown or not SUPPORTING.isdisjoint(work.order.types):
        named = _named(work, "Provenance", ids, reach, work.when)
        await output.put(named, ["Provenance"] if shown else [])


async def _emit(work: Work, output: Output) -> None:
    type_, ids = work.task.spec["type"], work.task.spec["ids"]
    reach = work.reach(type_)
    if reach is not None:
        when = work.when if type_ == "Provenance" else replace(work.when, since=None)
        await output.put(work.source.named(type_, ids, when, reach), (type_,))


# Gather ---------------------------------------------------------------------------------------------------------------


async def gather(work: Work) -> None:
    """What comes along: what was referred to, what that refers to in turn, and the Provenance of all of it."""
    found: dict[str, set[str]] = {}
    for type_, id_ in await work.turns.refs(work.task):
        found.setdefault(type_, set()).add(id_)
    done = Done()
    if work.order.level == "system":
        types = set(work.order.types)
        found["Provenance"] = await _chosen(work, _whole(work, "Provenance", When(work.moment)), types)
    else:
        shown = any(one.type == "Provenance" for _, one in await work.turns.pieces(work.task))
        out = set(found.get("Provenance", ())) if shown else set()
        done = await _written(work, lambda one, output: _changed(one, output, found))
        await _closed(work, found)
        come = found.get("Provenance", set()) - out  # `_related` has shown them
        found["Provenance"] = await _left(work, come) if shown and not out else come
    await work.turns.gathered(work.task, done, list(_emitted(work, found)))


async def _left(work: Work, ids: Collection[str]) -> set[str]:
    """Of this Provenance what did not go out when all of it was gone past: what is of none of the records read."""
    left, reach = set(ids), work.reach("Provenance")
    if reach is not None:
        for part in _chunks(sorted(ids), work.limits.named):
            left -= await work.source.of_theirs(part, work.theirs, work.when, reach)
    return left


async def _changed(work: Work, output: Output, found: dict[str, set[str]]) -> None:
    """Of an export of changes: what changed of the types that belong to no patient, whoever refers to it."""
    if work.when.since is None:
        return
    for type_ in sorted(SUPPORTING.intersection(work.order.types)):
        async for batch in _whole(work, type_, work.when):
            opened = batch.open()
            found.setdefault(type_, set()).update(json.decode(line, LARGEST)["id"] for line in opened.lines)
            output.lost(type_, opened.gone)


async def _whole(work: Work, type_: str, when: When) -> AsyncIterator[Batch]:
    reach = work.reach(type_)
    if reach is None:
        return
    for cut in await work.source.cuts([type_], when.since, work.limits.rows):
        async for batch in work.source.between(type_, cut.low, cut.high, when, reach):
            yield batch


async def _closed(work: Work, found: dict[str, set[str]]) -> None:
    """Follow what comes along, to what it refers to and to the Provenance of that, until nothing new is met: the
    Provenance that was found when the rest was read was followed there.
    """
    wanted = SUPPORTING.intersection(work.order.types)
    new = {(type_, id_) for type_, ids in found.items() for id_ in ids if type_ != "Provenance"}
    while new:
        met: set[str] = set()
        for type_ in sorted({of for of, _ in new}) if wanted else ():
            reach = work.reach(type_)
            ids = sorted(id_ for of, id_ in new if of == type_)
            when = work.when if type_ == "Provenance" else When(work.moment)  # an unchanged one does not go out itself
            async for batch in _named(work, type_, ids, reach, when):
                met |= lines.refs(batch.open().text, wanted)
        if work.order.provenance and (reach := work.reach("Provenance")):
            shared = sorted(one for one in new if one[0] in wanted)
            for part in _chunks(shared, work.limits.named):
                met |= {f"Provenance/{one}" for one in await work.source.targeted(part, work.when, reach)}
        new = {(type_, id_) for type_, _, id_ in (one.partition("/") for one in met)} - {
            (type_, id_) for type_, ids in found.items() for id_ in ids
        }
        for type_, id_ in new:
            found.setdefault(type_, set()).add(id_)
    if work.order.provenance == "latest":
        known = sorted(found.get("Provenance", ()))
        named = _named(work, "Provenance", known, work.reach("Provenance"), When(work.moment))
        found["Provenance"] = await _chosen(work, named, None)


async def _named(work: Work, type_: str, ids: Sequence[str], reach: Reach | None, when: When) -> AsyncIterator[Batch]:
    if reach is None:
        return
    for part in _chunks(ids, work.limits.named):
        async for batch in work.source.named(type_, part, when, reach):
            yield batch


async def _chosen(work: Work, batches: AsyncIterator[Batch], types: set[str] | None) -> set[str]:
    """Ids of the Provenance about records of these types (None: any); with `latest` the newest about each record."""
    newest: dict[str, tuple[str, str]] = {}
    every: set[str] = set()
    async for batch in batches:
        for line in batch.open().lines:
            one = json.decode(line, LARGEST)
            about = [str(target.get("reference", "")) for target in one.get("target", ())]
            about = [link for link in about if types is None or link.partition("/")[0] in types]
            every |= {one["id"]} if about else set()
            for link in about:
                newest[link] = max(newest.get(link, ("", "")), (str(one.get("recorded", "")), one["id"]))
    return {id_ for _, id_ in newest.values()} if work.order.provenance == "latest" else every


def _emitted(work: Work, found: Mapping[str, set[str]]) -> Iterable[Part]:
    for type_ in (*sorted(SUPPORTING.intersection(work.order.types)), "Provenance"):
        for ids in _chunks(sorted(found.get(type_, ())), work.limits.named):
            yield Part("emit", 0, {"type": type_, "ids": ids})


def _chunks(items: Sequence[Any], size: int) -> Iterable[Any]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


# Finish ---------------------------------------------------------------------------------------------------------------


async def _nothing_more(_: Work, __: Output) -> None:
    """What the order left out is said at the end of any output."""


async def finish(work: Work) -> None:
    """Make files of the pieces, and remove what nobody will ask for."""
    pieces = list(await work.turns.pieces(work.task))
    said = await _written(work, _nothing_more) if work.order.warnings else Done()
    pieces += [(said.object, one) for one in said.pieces if said.object is not None]
    drafts = list(manifest.packed(pieces, work.limits.file))
    made: list[File] = []
    for some in _chunks(drafts, TOGETHER):  # one is read while another is summed up
        made += await asyncio.gather(*(manifest.checked(one, secrets.token_hex(20), work.files) for one in some))
    await work.turns.finish(work.task, made, work.limits.kept)
    kept = {name for name, _ in pieces}
    there = await work.files.names(f"{work.tenant.id}/{work.job.id}")
    await work.files.remove([name for name in there if name not in kept])


STEPS = {"plan": plan, "read": read, "gather": gather, "emit": emit, "finish": finish}
