"""conformance.md section 5, 9.14: scopes with search parameters, held to what a token without them finds."""

import random
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from careweft.oauth.consent import CONDITION, OBSERVATION, US_CATEGORY, US_CONDITION
from tests.conformance import annex, asking, checker
from tests.conformance.asking import Pairs
from tests.conformance.must import Json
from tests.world import DRILL, count

from . import checks
from .clinic import IDENTITY, Clinic, grant
from .conftest import Granted

ASKED = {
    "9.14.1": (
        ("Condition", f"{CONDITION}|encounter-diagnosis"), ("Condition", f"{US_CONDITION}|health-concern"),
        ("Observation", f"{OBSERVATION}|laboratory"), ("Observation", f"{OBSERVATION}|social-history"),
    ),
    "9.14.2": (
        ("Condition", f"{CONDITION}|problem-list-item"), ("Observation", f"{OBSERVATION}|vital-signs"),
        ("Observation", f"{OBSERVATION}|survey"), ("Observation", f"{US_CATEGORY}|sdoh"),
    ),
}  # fmt: skip
"""The two launches: the filters of each, by type."""
Filters = tuple[tuple[str, str], ...]


class Fine:
    """A token with filters beside one without, both of the same patient."""

    def __init__(self, clinic: Clinic, filters: Filters, told: Json, whole: str) -> None:
        self.clinic, self.filters, self.told, self.whole = clinic, filters, told, whole

    def inside(self, resource: Json) -> bool:
        """Does one of the granted filters hold?"""
        return any(
            resource["resourceType"] == type_ and checker.holds(resource, "category", value)
            for type_, value in self.filters
        )

    def found(self, type_: str, pairs: Pairs, token: str, *, post: bool = False) -> list[Json] | None:
        """All pages of a search; None where it is refused."""
        if post:
            answer = self.clinic.post(f"{type_}/_search", dict(pairs), token)
        else:
            answer = self.clinic.get(f"{type_}?{urlencode(pairs)}", token)
        held: list[Json] = []
        while answer.status == 200:
            entries = answer.json.get("entry", ())
            held += [one["resource"] for one in entries if one["search"]["mode"] == "match"]
            following = next((one["url"] for one in answer.json["link"] if one["relation"] == "next"), None)
            if following is None:
                return held
            answer = self.clinic.get(following, token)
        return None

    def wrong(self, type_: str, pairs: Pairs, *, post: bool) -> str | None:
        """What a search brought that it should not, or kept back."""
        earlier = self.found(type_, pairs, self.whole, post=post)
        assert earlier is not None
        now = self.found(type_, pairs, self.told["access_token"], post=post)
        wanted = sorted(one["id"] for one in earlier if self.inside(one))
        if now is None:
            return f"{type_}?{urlencode(pairs)}: refused" if wanted else None
        got = sorted(one["id"] for one in now)
        return None if got == wanted else f"{type_}?{urlencode(pairs)}: {len(got)} results, not {len(wanted)}"


@pytest.fixture(scope="module", params=ASKED)
def fine(request: pytest.FixtureRequest, clinic: Clinic, standalone: Granted) -> Fine:
    """9.14.1.2 and 9.14.2.2: the launch with these filters, everything allowed."""
    filters = ASKED[request.param]
    scope = " ".join((*IDENTITY, "patient/Patient.rs", *(f"patient/{t}.rs?category={value}" for t, value in filters)))
    launch, told = grant(clinic, "confidential", scope)
    launch_whole, whole = standalone
    whole.update(launch_whole.refresh(whole["refresh_token"]).json)
    assert launch.said["state"] == launch.state
    return Fine(clinic, filters, told, whole["access_token"])


def test_received_scopes(fine: Fine) -> None:
    """Each filter is there, and no scope for all of these types."""
    received = fine.told["scope"].split()
    for type_, value in fine.filters:
        assert f"patient/{type_}.rs?category={value}" in received
    for one in received:
        assert not one.startswith(("patient/Condition.", "patient/Observation.", "patient/*.")) or "?" in one
    checks.readable_patient(fine.clinic, fine.told)


def test_searches(fine: Fine) -> None:
    """Each search of group 10: exactly the earlier results as far as a filter holds, by GET and by POST."""
    tries = sorted(set(asked(fine)))
    if not DRILL:
        tries = random.Random(914).sample(tries, min(count(24, 0), len(tries)))
    wrong = [fine.wrong(type_, list(pairs), post=number % 2 == 1) for number, (type_, pairs) in enumerate(tries)]

    assert [one for one in wrong if one] == []
    assert len({type_ for type_, _ in tries}) == 2


def test_reads(fine: Fine) -> None:
    """For each filter a record that holds is 200; what no filter holds for is not."""
    token = fine.told["access_token"]
    for type_ in ("Condition", "Observation"):
        held = fine.clinic.cast.seen(type_, fine.told["patient"])
        inside = [one for one in held if fine.inside(one) and visible(fine, one)]
        outside = next(one for one in held if not fine.inside(one))
        for _, value in (one for one in fine.filters if one[0] == type_):
            one = next(one for one in inside if checker.holds(one, "category", value))
            assert fine.clinic.get(f"{type_}/{one['id']}", token).status == 200
        refused = fine.clinic.get(f"{type_}/{outside['id']}", token)
        assert refused.status in (403, 404)
        assert refused.json["resourceType"] == "OperationOutcome"


def visible(fine: Fine, record: Json) -> bool:
    """Sensitive records were not granted by name: nobody sees them here."""
    return fine.clinic.get(f"{record['resourceType']}/{record['id']}", fine.whole).status == 200


def asked(fine: Fine) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """The searches of Condition and Observation that group 10 makes, each in every way of asking."""
    patient = fine.told["patient"]
    for profile in annex.profiles():
        if profile.type in ("Condition", "Observation") and profile.finds:
            held = fine.clinic.cast.seen(profile.type, patient)
            for pairs in asking.firsts(profile.finds[0], profile.type, patient):
                yield profile.type, tuple(pairs)
            for find in profile.finds:
                for one in asking.ways(find, profile.type, held, patient):
                    yield profile.type, tuple(one.pairs)
