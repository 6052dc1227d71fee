"""Background exports: what doors ask of them, and the turns by which workers share the work."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from ..values import dataclass
from .journal import Entry

AT_WORK = ("waiting", "running", "finishing")


@dataclass(frozen=True, slots=True)
class Job:
    """One export. `about` is its level or its Group; `moment` is its transaction time, once that is known; `weight` is
    all there is to do and `done` what was done of it.
    """

    id: str
    tenant: int
    client: str
    surface: str
    about: str
    state: str
    created: datetime
    moment: datetime | None = None
    ended: datetime | None = None
    expires: datetime | None = None
    weight: int = 0
    done: int = 0
    problem: str | None = None

    @property
    def at_work(self) -> bool:
        """It is not over."""
        return self.state in AT_WORK


class Piece(NamedTuple):
    """A stretch of deflated NDJSON within a stored object: all lines of one role (output, deleted, error) and type."""

    role: str
    type: str
    at: int
    length: int
    bytes: int
    lines: int
    crc: int


class Stretch(NamedTuple):
    """So many bytes of a stored object."""

    object: str
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class File:
    """One file of a finished export: `size` bytes of gzip that hold `bytes` of NDJSON in `count` lines; `sha256` is of
    the gzip.
    """

    id: str
    role: str
    type: str
    count: int
    bytes: int
    size: int
    crc: int
    sha256: str
    stretches: tuple[Stretch, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Task:
    """A part that a worker holds; `token` tells it from the same part held by others before or after."""

    job: str
    n: int
    tenant: int
    step: str
    token: int
    spec: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One more part of a job: its step, how much it weighs, what it is to do."""

    step: str
    weight: int
    spec: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """What a part came to: its stored object and the pieces in it, and records (`Type/id`) to bring along."""

    object: str | None = None
    pieces: Sequence[Piece] = ()
    bytes: int = 0
    refs: frozenset[str] = field(default=frozenset(), repr=False)
    entry: Entry | None = field(default=None, repr=False)
    """Whom it shows, for the journal: durable with the rest, and before any file is to be had."""


class Superseded(Exception):
    """Somebody else holds this part by now, or the job is over: what was done counts for nothing."""


class Jobs(Protocol):
    """What the doors need. A job that is not this client's, or not of this surface, is not there."""

    async def create(self, job: Job, order: Mapping[str, Any], most: int) -> Job:
        """Begin an export. TooMany where the client has one about the same at work, or the tenant `most`."""
        ...

    async def find(self, tenant: int, surface: str, client: str, id_: str) -> Job | None:
        """The job, unless it was cancelled."""
        ...

    async def of(self, tenant: int, surface: str, client: str, before: str | None, count: int) -> Sequence[Job]:
        """The client's own jobs, newest first, from behind job `before`."""
        ...

    async def poll(self, job: Job) -> bool:
        """One more poll; False where they come too fast."""
        ...

    async def cancel(self, job: Job) -> bool:
        """End it and have its files removed; False where somebody else did."""
        ...

    async def keep(self, job: Job, until: datetime) -> bool:
        """Keep a finished job's files until then; False where it is over by now."""
        ...

    async def order(self, tenant: int, job: str) -> Mapping[str, Any]:
        """What was asked for."""
        ...

    async def files(self, tenant: int, job: str) -> Sequence[File]:
        """The files of a finished job, in the order of its manifest."""
        ...

    async def file(self, tenant: int, id_: str) -> tuple[str, File] | None:
        """A file, and the id of its job."""
        ...


class Turns(Protocol):
    """What workers need, over all tenants."""

    async def lease(self) -> Task | None:
        """A part to work on, by fair turns; None where there is none now. A part whose leases all ran out fails its
        job.
        """
        ...

    async def beat(self, task: Task) -> Job:
        """Hold the part for longer. Superseded where it is not held any more."""
        ...

    async def idle(self, seconds: float) -> None:
        """Wait until there may be work, at most so long."""
        ...

    async def order(self, tenant: int, job: str) -> Mapping[str, Any]:
        """What was asked for."""
        ...

    async def planned(self, task: Task, moment: datetime, parts: Sequence[Part]) -> None:
        """The job's transaction time and its parts. Superseded."""
        ...

    async def complete(self, task: Task, done: Done, following: str) -> None:
        """The part is done; the last one is followed by a part of the step `following`. Superseded."""
        ...

    async def gathered(self, task: Task, done: Done, parts: Sequence[Part]) -> None:
        """What is to come along, as parts; without any the job is finished next. Superseded."""
        ...

    async def refs(self, task: Task) -> Sequence[tuple[str, str]]:
        """Types and ids of all records that parts of this job want to come along."""
        ...

    async def pieces(self, task: Task) -> Sequence[tuple[str, Piece]]:
        """All pieces of the job's parts, in order, each with its object."""
        ...

    async def finish(self, task: Task, files: Sequence[File], seconds: float) -> None:
        """The job is done; its files are kept for so long. Superseded."""
        ...

    async def failed(self, task: Task, problem: str, *, final: bool) -> None:
        """The part failed. It is tried again later; if this was `final` or the last attempt, the job failed."""
        ...

    async def stored(self, tenant: int) -> int:
        """Bytes that the tenant's exports have stored."""
        ...

    async def release(self, task: Task) -> None:
        """Somebody else may take the part at once: nothing is wrong with it."""
        ...

    async def over(self, grace: float) -> Sequence[tuple[Job, str]]:
        """Jobs whose files can go, with their folders: cancelled, failed, expired for longer than `grace` seconds."""
        ...

    async def swept(self, job: Job) -> None:
        """Its files are gone."""
        ...

    async def known(self, jobs: Sequence[str]) -> frozenset[str]:
        """Those of these jobs whose files are still wanted."""
        ...
