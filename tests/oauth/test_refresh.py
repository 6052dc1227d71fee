"""Refresh tokens: OAUTH-18, OAUTH-19, OATK-14, AUTHZ-06, D-10, D-11, CRASH-02, conformance.md 1 (refresh)."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from careweft.fhir.outcomes import LoginRequired
from careweft.oauth.errors import InvalidClient, InvalidGrant, InvalidRequest, InvalidScope, OAuthError
from careweft.oauth.refresh import SHAPE, Refreshing
from tests.world import count

from .flow import ANA, Flow, app, peopled
from .twins import session
from .world import PATIENT, SECRET, A, B, opened


@pytest.fixture
def world():
    return peopled()


async def dead(world, token):
    try:
        await world.verifier.verify(token, A, PATIENT)
    except LoginRequired:
        return True
    return False


async def denied(flow, token, error=InvalidGrant, **changed):
    with pytest.raises(OAuthError) as wrong:
        await flow.refresh(token, **changed)
    assert type(wrong.value) is error, wrong.value
    return wrong.value


async def test_a_refresh_token_lives_on(world):
    """1.6: everything again, with the same patient and a successor; the ID token without a nonce of long ago."""
    flow = Flow(world)
    first = await flow.tokens(nonce="n-1")
    again = await flow.refresh(first["refresh_token"])
    assert set(again) == set(first)
    assert (again["patient"], again["scope"], again["tenant"]) == (first["patient"], first["scope"], A.id)
    assert again["refresh_token"] != first["refresh_token"]
    assert opened(first["id_token"])[1]["nonce"] == "n-1"
    assert "nonce" not in opened(again["id_token"])[1]
    assert opened(again["id_token"])[1]["auth_time"] == opened(first["id_token"])[1]["auth_time"]
    assert opened(again["access_token"])[1]["grant"] == opened(first["access_token"])[1]["grant"]


async def test_what_it_was_given_may_be_asked_for_again(world):
    """1.6.05: with the whole scope that was received; 1.6.06: a random token."""
    flow = Flow(world)
    answer = await flow.tokens()
    again = await flow.refresh(answer["refresh_token"], scope=answer["scope"])
    assert set(again["scope"].split()) == set(answer["scope"].split())
    await denied(flow, "random")


async def test_less_may_be_asked_for_and_comes_back_next_time(world):
    flow = Flow(world)
    answer = await flow.tokens()
    less = await flow.refresh(answer["refresh_token"], scope="patient/Patient.r")
    assert less["scope"] == "patient/Patient.r"
    assert "id_token" not in less
    assert set((await flow.refresh(less["refresh_token"]))["scope"].split()) == set(answer["scope"].split())


@pytest.mark.parametrize(
    "scope",
    ["patient/*.rs", "patient/Condition.rs", "patient/Patient.cruds", "user/Patient.rs", "online_access", "profile",
     "patient/Patient.rs patient/Goal.rs", "patient/Patient.rs sensitive/SUD", "nonsense", "launch"],
)  # fmt: skip
async def test_never_more_than_was_granted(world, scope):
    """AUTHZ-06: invalid_scope, and the refresh token is as good as before."""
    flow = Flow(world)
    answer = await flow.tokens()
    await denied(flow, answer["refresh_token"], InvalidScope, scope=scope)
    assert await flow.refresh(answer["refresh_token"])


async def test_what_is_registered_no_longer_is_granted_no_longer(world):
    flow = Flow(world)
    answer = await flow.tokens()
    world.change("app", scopes=("openid", "offline_access", "patient/Patient.rs"))
    again = await flow.refresh(answer["refresh_token"])
    assert set(again["scope"].split()) == {"openid", "offline_access", "patient/Patient.rs"}


async def test_three_months_and_three_more_from_every_use(world):
    """OAUTH-19: used on day 91, eight times in a row; each answer is good for another 92 days."""
    flow = Flow(world, proof={"client_id": "phone"})
    token = (await flow.tokens())["refresh_token"]
    for _ in range(8):
        world.clock.pass_(days=91)
        token = (await flow.refresh(token))["refresh_token"]
    world.clock.pass_(days=92)
    await denied(flow, token)


@pytest.mark.parametrize(("days", "limit", "ends"), [(92, 200, 200), (92, None, None), (365, 1096, 1096)])
async def test_the_absolute_end(world, days, limit, ends):
    """D-11: three years by default, the tenant's or none."""
    world.change("app", refresh_days=days, refresh_limit=limit)
    flow = Flow(world)
    token, begun = (await flow.tokens())["refresh_token"], world.clock.at
    for _ in range(40):
        world.clock.pass_(days=40)
        if ends is not None and world.clock.at >= begun + timedelta(days=ends):
            await denied(flow, token)
            return
        token = (await flow.refresh(token))["refresh_token"]
    assert ends is None


async def test_online_access_ends_with_the_session(world):
    """OAUTH-18: by hand within seconds, by itself after twelve hours, whatever the registration says."""
    flow = Flow(world)
    answer = await flow.tokens(scope="launch/patient online_access patient/Patient.rs")
    assert opened(answer["access_token"])[1]["sid"] == "s1"
    again = await flow.refresh(answer["refresh_token"])
    world.people.ended.add("s1")
    await denied(flow, again["refresh_token"])
    await world.revoked.revoke(1, "session:s1")
    assert await dead(world, again["access_token"])


async def test_online_access_lasts_no_longer_than_a_session_may(world):
    flow = Flow(world, session=session(ANA, world.clock.at, ago=3600))
    answer = await flow.tokens(scope="launch/patient online_access patient/Patient.rs")
    world.clock.pass_(hours=10, minutes=59)
    answer = await flow.refresh(answer["refresh_token"])
    assert answer["expires_in"] == 60
    world.clock.pass_(minutes=1)
    await denied(flow, answer["refresh_token"])


async def test_without_a_lasting_word_there_is_none(world):
    assert "refresh_token" not in await Flow(world).tokens(scope="launch/patient patient/Patient.rs")


async def test_a_used_one_ends_everything(world):
    """OAUTH-18: a public client's predecessor is reuse at once: permit, successor and access tokens are gone."""
    flow = Flow(world, proof={"client_id": "phone"})
    first = await flow.tokens()
    second = await flow.refresh(first["refresh_token"])
    wrong = await denied(flow, first["refresh_token"])
    assert "ALARM" in wrong.entry.reason
    assert "ALARM" not in wrong.description
    await denied(flow, second["refresh_token"])
    for one in (first, second):
        assert await dead(world, one["access_token"])


GRACE = [
    # client, registered grace, seconds between the two uses, is it taken
    ("app", None, 0, True),
    ("app", None, 10, True),
    ("app", None, 11, False),
    ("app", 0, 0, False),
    ("app", 60, 60, True),
    ("app", 60, 61, False),
    ("phone", None, 0, False),
    ("phone", 30, 30, True),
    ("phone", 30, 31, False),
]


@pytest.mark.parametrize(("client_id", "seconds", "later", "taken"), GRACE)
async def test_the_one_before_within_its_grace(world, client_id, seconds, later, taken):
    """D-10, CRASH-02: an answer that got lost on its way is had again, with one and the same successor."""
    world.change(client_id, grace=seconds)
    flow = Flow(world, proof={"client_id": client_id} | ({"client_secret": SECRET} if client_id == "app" else {}))
    first = (await flow.tokens())["refresh_token"]
    second = (await flow.refresh(first))["refresh_token"]
    world.clock.pass_(seconds=later)
    if taken:
        assert (await flow.refresh(first))["refresh_token"] == second
        assert (await flow.refresh(second))["refresh_token"]
    else:
        await denied(flow, first)
        await denied(flow, second)


async def test_only_the_immediate_predecessor(world):
    """The grandparent is reuse, however quickly it comes."""
    flow = Flow(world)
    first = (await flow.tokens())["refresh_token"]
    second = (await flow.refresh(first))["refresh_token"]
    third = (await flow.refresh(second))["refresh_token"]
    await denied(flow, first)
    await denied(flow, third)


async def test_it_is_of_one_client(world):
    """Whoever else shows it gets nothing, and its owner loses nothing."""
    flow = Flow(world)
    token = (await flow.tokens())["refresh_token"]
    world.clients.kept[1, "other"] = app("other")
    await denied(Flow(world, proof={"client_id": "other", "client_secret": SECRET}), token)
    await denied(Flow(world, proof={"client_id": "phone"}), token)
    await denied(Flow(world, proof={"client_id": "app"}), token, InvalidClient)
    assert await flow.refresh(token)


async def test_it_is_of_one_tenant(world):
    flow = Flow(world)
    token = (await flow.tokens())["refresh_token"]
    world.clients.kept[2, "app"] = replace(app(), tenant=2)
    with pytest.raises(InvalidGrant):
        await world.ask(tenant=B, grant_type="refresh_token", refresh_token=token, **flow.proof)
    assert await flow.refresh(token)


async def test_it_is_of_one_api(world):
    flow = Flow(world)
    token = (await flow.tokens())["refresh_token"]
    world.change("app", access="payer")
    await denied(flow, token)


@pytest.mark.parametrize("token", ["", None])
async def test_it_is_required(world, token):
    await denied(Flow(world), token, InvalidRequest)


async def test_a_permit_that_was_taken_back(world):
    """OAUTH-21: the person ends it; within the same moment nothing that hangs on it works."""
    flow = Flow(world)
    answer = await flow.tokens()
    assert await world.permits.end(1, [id_ for _, id_ in world.permits.kept], world.clock.at) == 1
    await denied(flow, answer["refresh_token"])
    assert await dead(world, answer["access_token"])


async def test_nothing_of_it_is_kept(world):
    """What the database holds of a refresh token is a number."""
    token = (await Flow(world).tokens())["refresh_token"]
    _, _, permit, generation, mac = [*token.partition("rt_"), *SHAPE.fullmatch(token).groups()][-5:]
    assert mac not in repr(world.permits.kept)
    assert (generation, len(permit), len(mac)) == ("0", 40, 64)


@pytest.mark.parametrize("change", [
    lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: t.replace("_0_", "_1_"),
    lambda t: t.replace("_0_", "_00_"),
    lambda t: t + "0", lambda t: " " + t, lambda t: t + "\n", lambda t: t.upper(), lambda t: t.replace("rt_", ""),
    lambda t: "rt_" + "0" * 40 + t[43:], lambda t: t.replace("_0_", "_-1_"), lambda t: t.replace("_0_", "_9999999999_"),
])  # fmt: skip
async def test_what_was_changed_is_none_of_ours(world, change):
    flow = Flow(world)
    token = (await flow.tokens())["refresh_token"]
    await denied(flow, change(token))
    assert await flow.refresh(token)


def test_another_master_key_opens_nothing():
    """A copy of the database alone makes no refresh token."""
    mine, theirs = Refreshing(b"a" * 32), Refreshing(b"b" * 32)
    text = mine._text(1, "0" * 40, 3)
    assert mine.read(1, text).generation == 3
    assert mine.read(2, text) is None
    assert theirs.read(1, text) is None
    assert "a" * 32 not in repr(mine)


@dataclass
class Model:
    """What ought to be: forty lines that know the rules and nothing of how they are kept."""

    tokens: list = field(default_factory=list)
    alive: bool = True
    turned_at: float = float("-inf")
    used_at: float = 0.0

    def use(self, position, now, grace):
        """The position of what comes back, None for a refusal."""
        newest = len(self.tokens) - 1
        if not self.alive or now - self.used_at >= 92 * 86_400:
            return None
        if position == newest:
            self.turned_at = self.used_at = now
            return newest + 1
        if position == newest - 1 and grace and now - self.turned_at <= grace:
            self.used_at = now
            return newest
        self.alive = False
        return None


class Refreshed(RuleBasedStateMachine):
    """Random uses, reuses, ends and pauses against the model (OAUTH-18)."""

    @initialize(grace=st.sampled_from([0, 10, 60]))
    def begin(self, grace):
        self.world = peopled()
        self.world.change("app", grace=grace, refresh_limit=None)
        self.flow, self.model, self.grace = Flow(self.world), Model(), grace
        self.start = self.world.clock.at
        first = run(self.flow.tokens())
        self.model.tokens.append(first["refresh_token"])
        self.access = [first["access_token"]]

    @property
    def now(self):
        return (self.world.clock.at - self.start).total_seconds()

    @rule(back=st.integers(0, 3))
    def use(self, back):
        position = max(0, len(self.model.tokens) - 1 - back)
        token = self.model.tokens[position]
        expected = self.model.use(position, self.now, self.grace)
        try:
            answer = run(self.flow.refresh(token))
        except InvalidGrant:
            assert expected is None
            return
        assert expected is not None
        if expected == len(self.model.tokens):
            self.model.tokens.append(answer["refresh_token"])
        assert answer["refresh_token"] == self.model.tokens[expected]
        self.access = [answer["access_token"]]

    @rule(seconds=st.sampled_from([1, 9, 11, 59, 61, 86_400 * 91, 86_400 * 92]))
    def wait(self, seconds):
        self.world.clock.pass_(seconds=seconds)
        self.world.watch.at += 10
        self.access = []

    @rule()
    def stranger(self):
        """Somebody else shows the newest one: nothing changes."""
        with pytest.raises(OAuthError):
            run(Flow(self.world, proof={"client_id": "phone"}).refresh(self.model.tokens[-1]))

    @rule()
    def take_back(self):
        run(self.world.permits.end(1, [id_ for _, id_ in self.world.permits.kept], self.world.clock.at))
        self.model.alive = False

    @invariant()
    def access_tokens_die_with_the_permit(self):
        if getattr(self, "access", None) and not self.model.alive:
            assert all(run(dead(self.world, one)) for one in self.access)


def run(awaitable):
    """Drive what awaits nothing outside: the twins answer at once."""
    coroutine = awaitable.__await__()
    try:
        next(coroutine)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited for something")


TestRefreshed = Refreshed.TestCase
TestRefreshed.settings = settings(max_examples=count(20, 400), stateful_step_count=15, deadline=None)
