"""The validator: resources in, issues out. https://hl7.org/fhir/R4/validation.html"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..definitions import RESOURCES
from ..profiles.model import Snapshot
from .compiler import Compiler, claims_of
from .discriminators import Codes, Snapshots
from .fhirpath import TooCostly
from .fhirpath.values import Resolve
from .issue import MOST, ROOT, Enough, Issue, Run
from .presence import Presence
from .rules import Check


class World(NamedTuple):
    """Definitions that belong together: a guide of one version, over R4. Records may claim the profiles `own`; others
    are there only as far as those build on them.
    """

    snapshot: Snapshots
    codes: Codes
    own: frozenset[str] = frozenset()


class Validator:
    """Holds resources to what R4 and profiles say.

    Guides of different versions give different things the same name, so each is a world of its own. A claim without a
    version means the first world that knows it; the first is also where types are had from.
    """

    __slots__ = ("_worlds",)

    def __init__(self, *worlds: World) -> None:
        self._worlds = tuple((one, Compiler(one.snapshot, one.codes, one.own, self.about)) for one in worlds)

    def issues(
        self,
        resource: dict[str, Any],
        profiles: Iterable[str] = (),
        resolve: Resolve | None = None,
        *,
        claims: bool = True,
    ) -> list[Issue]:
        """What is wrong with this resource, by `profiles`, by those that it claims (unless `claims` is off), else by
        its type.

        `resolve` gives what a literal reference leads to; without it a reference is believed. Profiles that are about
        another type, or that nobody knows, ask nothing.
        """
        if resource.get("resourceType") not in RESOURCES:
            return [Issue("error", "structure", "", NO_TYPE, NO_TYPE)]
        run = Run(resource, self.codes, resolve or in_bundle(resource))
        _, first = self._worlds[0]
        checks = first.claimed(resource, profiles, claims=claims)
        try:
            for check in checks:
                check(resource, ROOT, run)
        except Enough:
            more = f"more than {MOST} issues: the rest is not told"
            run.issues.append(Issue("error", "too-costly", "", more, more))
        except TooCostly:
            run.issues.append(Issue("error", "too-costly", run.type, COSTLY, COSTLY))
        return run.issues if len(checks) == 1 else list(dict.fromkeys(run.issues))

    def about(self, url: str, type_: str) -> Check | None:
        """The check of the profile of this URL, if it is known and about this type."""
        found = self._found(url, type_)
        return found[1].of(found[0]) if found is not None else None

    def codes(self, url: str) -> frozenset[tuple[str, str]]:
        """The codes of a value set, empty where they are not all known."""
        return next((found for world, _ in self._worlds if (found := world.codes(url))), frozenset())

    def claimed(self, resource: dict[str, Any]) -> list[str]:
        """The profiles that the resource claims and that are known here, about its type; each as `url|version`."""
        type_ = str(resource.get("resourceType"))
        known = (self.canonical(url, type_) for url in claims_of(resource))
        return list(dict.fromkeys(url for url in known if url is not None))

    def canonical(self, url: str, type_: str | None = None) -> str | None:
        """How a profile is called in full, `url|version`; None for one that is not known, or about another type."""
        found = self._found(url, type_)
        return f"{found[0].url}|{found[0].version}" if found is not None else None

    def presence(self, url: str) -> Presence | None:
        """What takes notice of the must-support elements of a profile; None for one that is not known."""
        found = self._found(url)
        return Presence(found[0], found[2].snapshot, self.codes) if found is not None else None

    def _found(self, url: str, type_: str | None = None) -> tuple[Snapshot, Compiler, World] | None:
        plain, _, version = url.partition("|")
        for world, compiler in self._worlds:
            one = world.snapshot(plain) if plain in world.own else None
            if one is not None and type_ in (None, one.type) and version in ("", one.version):
                return one, compiler, world
        return None


NO_TYPE = "wants a resource of FHIR R4, with its resourceType"
COSTLY = "too large for its invariants: they would look at more values than are looked at for one resource"


def in_bundle(resource: dict[str, Any]) -> Resolve | None:
    """Within a Bundle, what its entries are called; else None."""
    entries = resource.get("entry") if resource.get("resourceType") == "Bundle" else None
    if not isinstance(entries, list):
        return None
    known: dict[str, dict[str, Any]] = {}
    for one in entries:
        inside = one.get("resource") if isinstance(one, dict) else None
        if isinstance(inside, dict):
            for name in (one.get("fullUrl"), f"{inside.get('resourceType')}/{inside.get('id')}"):
                if isinstance(name, str):
                    known.setdefault(name, inside)
    return known.get
