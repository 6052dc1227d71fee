"""Defining Groups and keeping them current: previewed, created, evaluated anew, deleted; each leaves an audit row.

The definition is kept first and the record follows from it: whoever is stopped between the two leaves a definition that
is due, and the next evaluation makes the record.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ...fhir.json import decode
from ...fhir.outcomes import FhirRefusal, PreconditionFailed
from ...ports.clock import Clock
from ...ports.groups import Defined, Definitions, GroupRecords, People
from ...ports.journal import Entry, Journal
from ...tenancy import Tenant
from ...values import dataclass
from .algebra import Population, population
from .asked import Sight, asked, people
from .definition import Definition
from .record import group, moved
from .refusal import DefinitionRefused, NoSuchGroup

LARGEST = 64 * 1024 * 1024
NEVER = timedelta(days=36500)
AGAIN = timedelta(minutes=5)
"""After an evaluation that failed."""
SHORTEST, LONGEST = 60, 7 * 86400
"""Seconds between evaluations."""
RACES = 3


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the audit tells it: a person's name or none, where, and in which request."""

    surface: str
    request_id: str
    user: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many patients a line finds."""

    line: str
    patients: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a definition would come to now."""

    size: int
    lines: Sequence[Counted]
    unknown: int
    """How many are named who are no patients here."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What an evaluation came to; `outcome` is as of ports.records.Written."""

    outcome: str
    version: int
    size: int
    came: int
    went: int


@dataclass(frozen=True)
class Groups:
    """The Groups that one tenant defines."""

    tenant: Tenant
    definitions: Definitions
    people: People
    records: GroupRecords
    journal: Journal
    base_url: str
    now: Clock
    identifier: Callable[[], str]

    async def preview(self, text: str, actor: Actor, *, withheld: bool = False) -> Preview:
        """Count before anything is kept. Raises DefinitionRefused, Unavailable."""
        definition = Definition.read(text)
        found = await self._population(definition, self._sight(withheld=withheld))
        await self.journal.write(self._entry("group-preview", actor, None, text))
        lines = [Counted(str(line), len(ids)) for line, ids in zip(definition.searches, found.found, strict=True)]
        return Preview(len(found.members), lines, len(found.unknown))

    async def create(self, wanted: Defined, actor: Actor) -> tuple[Defined, Refreshed]:
        """Keep a definition under a new id and evaluate it. Raises DefinitionRefused, Unavailable."""
        check(wanted)
        defined = replace(wanted, id=self.identifier())
        asked(Definition.read(defined.text), self._sight(withheld=defined.withheld))
        await self.definitions.keep(defined, self.now() + AGAIN)
        return defined, await self._evaluate(defined, "group-create", actor)

    async def find(self, id_: str) -> Defined:
        """One definition. Raises NoSuchGroup."""
        found = await self.definitions.find(id_)
        if found is None:
            raise NoSuchGroup
        return found

    async def refresh(self, id_: str, actor: Actor) -> Refreshed:
        """Evaluate a definition now. Raises NoSuchGroup, DefinitionRefused, Unavailable."""
        return await self._evaluate(await self.find(id_), "group-refresh", actor)

    async def delete(self, id_: str, actor: Actor) -> None:
        """Forget a definition; its Group is deleted as any record is, and its versions stay. Raises NoSuchGroup."""
        defined = await self.find(id_)
        await self.definitions.keep(defined, self.now() + NEVER)  # nobody makes the record again meanwhile
        await self.records.write("Group", id_, None, self._entry("group-delete", actor, id_))
        await self.definitions.remove(id_)

    async def _evaluate(self, defined: Defined, action: str, actor: Actor) -> Refreshed:
        try:
            made = await self._refreshed(defined, action, actor)
        except (FhirRefusal, DefinitionRefused) as failure:
            why = str(failure) if isinstance(failure, DefinitionRefused) else failure.message
            await self.definitions.failed(defined.id, why, self.now() + AGAIN)
            raise
        at = self.now()
        await self.definitions.evaluated(defined.id, at, made.size, at + timedelta(seconds=defined.every))
        return made

    async def _refreshed(self, defined: Defined, action: str, actor: Actor) -> Refreshed:
        """Evaluate and write; whoever was overtaken by another evaluation looks again."""
        for _ in range(RACES - 1):
            try:
                return await self._once(defined, action, actor)
            except PreconditionFailed:
                continue
        return await self._once(defined, action, actor)

    async def _once(self, defined: Defined, action: str, actor: Actor) -> Refreshed:
        sight = self._sight(withheld=defined.withheld)
        before = await self.records.read("Group", defined.id, sight.groups)
        definition = Definition.read(defined.text)
        found = await self._population(definition, sight)
        old: dict[str, Any] = decode(before.body, LARGEST) if before is not None and before.body is not None else {}
        at = sight.now.astimezone(ZoneInfo(self.tenant.zone))
        entries = moved(old.get("member", ()), found.members, at)
        made = group(defined, definition, entries, at)
        came, went = changes(old.get("member", ()), entries)
        expected = before.version if before is not None else None
        return await self._write(defined.id, made, expected, action, actor, (len(found.members), came, went), old)

    async def _write(
        self,
        id_: str,
        made: dict[str, Any],
        expected: int | None,
        action: str,
        actor: Actor,
        told: tuple[int, int, int],
        old: dict[str, Any],
    ) -> Refreshed:
        """The record, if it says anything new; a job that found nothing new leaves no row behind."""
        entry = self._entry(action, actor, id_)
        if {name: value for name, value in old.items() if name != "meta"} == made and expected is not None:
            if actor.user is not None:
                await self.journal.write(entry)
            return Refreshed("unchanged", expected, *told)
        written = await self.records.write("Group", id_, made, entry, expected)
        return Refreshed(written.outcome, written.version, *told)

    async def _population(self, definition: Definition, sight: Sight) -> Population:
        named = definition.included
        queries = [*asked(definition, sight), *([people(named)] if named else [])]
        found = await self.people.found([sight.narrowed(one) for one in queries])
        known = found[-1] if named else frozenset()
        return population(definition, found[: len(definition.searches)], known)

    def _sight(self, *, withheld: bool) -> Sight:
        return Sight(self.tenant, self.base_url, self.now(), withheld)

    def _entry(self, action: str, actor: Actor, id_: str | None, text: str | None = None) -> Entry:
        return Entry(
            at=self.now(),
            tenant=self.tenant.number,
            action=action,
            surface=actor.surface,
            status=200,
            request_id=actor.request_id,
            user=actor.user,
            type="Group",
            id=id_,
            query=None if text is None else text.encode(),
            address=actor.address,
        )


def changes(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """How many entries began and how many ended between two lists of which one was made from the other."""
    began = sum("inactive" not in one for one in after) - sum("inactive" not in one for one in before)
    ended = sum(bool(one.get("inactive")) for one in after) - sum(bool(one.get("inactive")) for one in before)
    return max(began + ended, 0), max(ended, 0)


def check(wanted: Defined) -> None:
    """What stands beside the definition can stand in a Group. Raises DefinitionRefused."""
    if not wanted.name.strip() or len(wanted.name) > 200 or not wanted.name.isprintable():
        raise DefinitionRefused("a Group wants a name of at most 200 characters")
    if not SHORTEST <= wanted.every <= LONGEST:
        raise DefinitionRefused(f"a Group is evaluated every {SHORTEST} to {LONGEST} seconds, not {wanted.every}")
    if wanted.code is not None and not all(wanted.code.rpartition("|")[::2]):
        raise DefinitionRefused("a code is written system|code")
    kind, _, id_ = (wanted.manager or "Organization/x").partition("/")
    if kind not in ("Organization", "Practitioner", "PractitionerRole", "RelatedPerson") or not id_:
        raise DefinitionRefused("a Group is managed by such as Organization/123")
