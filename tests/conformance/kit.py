"""One of the four APIs as a certification run sees it: tokens, searches over all pages, reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from urllib.parse import urlencode

from careweft.surfaces.model import Surface
from tests.journeys.town import Answer, Caller
from tests.platform import MAPLE

from . import annex, asking, checker, must
from .annex import Find, Profile
from .asking import Pairs
from .cast import Cast, owner, references
from .must import Json

PAGES = 20
"""As many pages as the test kit follows."""


@dataclass(frozen=True)
class Found:
    """What one search brought, all pages of it."""

    matches: tuple[Json, ...]
    included: tuple[Json, ...]

    @property
    def ids(self) -> list[str]:
        return sorted(one["id"] for one in self.matches)


@dataclass
class Api:
    """An API with its caller. `tokens` by patient; system access has one, under the empty name."""

    surface: Surface
    caller: Caller
    cast: Cast
    tokens: dict[str, str] = field(repr=False)
    _reads: dict[str, Answer] = field(default_factory=dict, repr=False)
    _origins: dict[str, Found] = field(default_factory=dict, repr=False)
    _firsts: dict[str, list[tuple[str, Pairs, Found]]] = field(default_factory=dict, repr=False)

    @cached_property
    def base(self) -> str:
        return self.surface.base.replace("{tenant}", MAPLE)

    def token(self, patient: str) -> str:
        return self.tokens[patient if self.surface.audience == "patient" else ""]

    def search(self, type_: str, pairs: Pairs, patient: str, *, post: bool = False) -> Found:
        """All pages of a search, each of which has to be 200."""
        if post:
            answer = self.caller.ask(f"{self.base}/{type_}/_search", self.token(patient), form=pairs)
        else:
            answer = self.caller.ask(f"{self.base}/{type_}?{urlencode(pairs)}", self.token(patient))
        matches: list[Json] = []
        included: list[Json] = []
        for _ in range(PAGES):
            assert answer.status == 200, f"{type_}?{urlencode(pairs)}: {answer.status} {answer.body[:400]!r}"
            for one in answer.json.get("entry", ()):
                mode = one["search"]["mode"]
                (matches if mode == "match" else included if mode == "include" else []).append(one["resource"])
            following = answer.link("next")
            if following is None:
                return Found(tuple(matches), tuple(included))
            answer = self.caller.ask(following, self.token(patient))
        raise AssertionError(f"{type_}?{urlencode(pairs)} has more than {PAGES} pages")

    def read(self, reference: str, patient: str) -> Json:
        """What a reference leads to; asked once."""
        if reference not in self._reads:
            self._reads[reference] = self.caller.ask(f"{self.base}/{reference}", self.token(patient))
        answer = self._reads[reference]
        assert answer.status == 200, f"{reference}: {answer.status}"
        found: Json = answer.json
        assert f"{found['resourceType']}/{found['id']}" == reference
        return found

    def firsts(self, profile: Profile) -> list[tuple[str, Pairs, Found]]:
        """The first searches of a profile: for each patient who is asked about, and each fixed value."""
        key = profile.name or profile.type
        if key not in self._firsts:
            self._firsts[key] = [
                (patient, pairs, self.search(profile.type, pairs, patient))
                for patient in self.cast.showing(profile.name)
                for pairs in asking.firsts(profile.finds[0], profile.type, patient)
            ]
        return self._firsts[key]

    def held(self, profile: Profile, patient: str = "") -> list[Json]:
        """What the first searches brought, of one patient or of all."""
        of = (found for whose, _, found in self.firsts(profile) if patient in ("", whose))
        return [one for found in of for one in found.matches]

    def wrong(self, type_: str, pairs: Pairs, found: Found, patient: str) -> list[str]:
        """What a search brought that it should not, and what it did not bring."""
        told = urlencode(pairs)
        strays = [one["id"] for one in found.matches if not checker.satisfies(one, pairs)]
        complaints = [f"{type_}?{told} brought {id_}" for id_ in strays]
        complaints += [f"{type_}?{told} brought a {one['resourceType']}" for one in found.matches
                       if one["resourceType"] != type_]  # fmt: skip
        if not any(name == "_lastUpdated" for name, _ in pairs):
            alone = self.surface.audience == "patient" or any(name == "patient" for name, _ in pairs)
            seen = self.cast.seen(type_, patient if alone else None)
            expected = sorted(one["id"] for one in seen if checker.satisfies(one, pairs))
            if expected != found.ids:
                complaints.append(f"{type_}?{told}: {len(found.ids)} results, not {len(expected)}")
        return complaints

    def tried(self, profile: Profile, find: Find, held: Sequence[Json], patient: str) -> list[str]:
        """What is wrong with a search in all its ways of being asked; finding nothing is wrong too."""
        complaints: list[str] = []
        asked = False
        for one in asking.ways(find, profile.type, held, patient):
            asked = True
            found = self.search(profile.type, one.pairs, patient)
            complaints += self.wrong(profile.type, one.pairs, found, patient)
            if not found.matches:
                complaints.append(f"{profile.type}?{urlencode(one.pairs)} ({one.told}) found nothing")
        return complaints if asked else [f"{profile.type}?{find.name}: no resource has values for it"]

    def unled(self, profile: Profile) -> list[str]:
        """Target profiles of the table that no reference of the profile's records, read, leads to."""
        of = [(patient, one) for patient, _, found in self.firsts(profile) for one in showing(profile, found.matches)]

        def leads(path: str, target: str) -> bool:
            ways = ((patient, to["reference"]) for patient, one in of for to in must.at(profile, one, path))
            return any(target in self.read(to, patient)["meta"].get("profile", ()) for patient, to in ways)

        return must.unled(profile, leads)

    def origins(self, profile: Profile, patient: str, pairs: Pairs) -> Found:
        """A first search again, with what says where its matches come from; asked once."""
        key = f"{profile.name} {pairs}"
        if key not in self._origins:
            self._origins[key] = self.search(profile.type, [*pairs, ("_revinclude", "Provenance:target")], patient)
        return self._origins[key]

    @cached_property
    def named(self) -> dict[str, list[Json]]:
        """By type, every record of the types that are not searched: those that others name, and the Provenances."""
        wanted = {one.type for one in annex.profiles() if one.by_reference}
        found: dict[str, str] = {}
        for profile in annex.profiles():
            for patient, pairs, first in [] if profile.by_reference else self.firsts(profile):
                origins = self.origins(profile, patient, pairs).included
                named = {f"Provenance/{one['id']}" for one in origins}
                named.update(reference for one in (*first.matches, *origins) for reference in references(one))
                found |= {one: patient for one in named if one.partition("/")[0] in wanted}
        records = [self.read(reference, patient) for reference, patient in found.items()]
        return {type_: [one for one in records if one["resourceType"] == type_] for type_ in wanted}

    def holding(self, type_: str, find: Find) -> tuple[str, list[Json]]:
        """A patient with a record that has values for this search, and the record."""
        for one in self.cast.by_type[type_]:
            if asking.plain(find, one, "") is not None:
                return owner(one) or self.cast.patients[0], [one]
        raise AssertionError(f"nobody in the cast has values for {type_}?{find.name}")

    def spelled(self, kind: Profile, find: Find) -> Find:
        """The search with the comparators and lists that its parameters take."""
        return replace(find, ordered=tuple(one for one in find.params if one in kind.ordered),
                       several=tuple(one for one in find.params if one in kind.several))  # fmt: skip


def showing(profile: Profile, records: Sequence[Json]) -> list[Json]:
    """Those that claim the profile."""
    claimed = (profile.url, f"{profile.url}|6.1.0")
    return [one for one in records if any(url in claimed for url in one["meta"].get("profile", ()))]


def lacking(profile: Profile, records: Sequence[Json]) -> list[str]:
    """Must-support of the profile that none of its records shows."""
    return must.missing(profile, showing(profile, records))
