"""What tenants decide about applications: the table of steps, and a model that takes them at random."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from careweft.registry.application import Application
from careweft.registry.authorization import (
    CLOCK,
    CODES,
    STEPS,
    Actor,
    Authorization,
    Conflict,
    Narrowing,
    NotAllowed,
    Said,
    State,
    asked,
    due,
    now_is,
    take,
)
from careweft.registry.narrowing import checked, everything, only_types, types, within
from careweft.registry.refusal import RegistrationRefused
from careweft.registry.registration import Registration, client_of, edited, removed, rotated
from tests.world import count

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
DEVELOPER = Actor("dana", "developer")
OWNER = Actor("olga", "owner", 1)
TEAM = ("dana", "dan")
APP = Application(
    "Night report", "system", "provider", "secret", scopes=("system/*.rs", "system/Patient.cruds"), bulk=True
)
HELD = Registration("c1", "t", APP, ((b"s" * 32, None),))


def request(state: State = State.REQUESTED) -> Authorization:
    """A request in this state."""
    said = Authorization("c1", 1, state, NOON, "dana")
    return replace(said, narrowing=everything(APP), basis=HELD.basis) if state is not State.REQUESTED else said


STATES = {
    "request": "refused withdrawn expired",
    "approve": "requested approved",
    "refuse": "requested",
    "suspend": "approved",
    "resume": "suspended",
    "verify": "approved",
    "unverify": "approved",
    "withdraw": "approved suspended",
    "leave": "requested approved suspended",
    "expire": "approved suspended",
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("state", State)
def test_steps_are_taken_from_these_states_alone(name, state):
    """Each step from each state: what the table above says, and nothing else."""
    actor = {"developer": DEVELOPER, "owner": OWNER, "clock": CLOCK}[STEPS[name].who]

    def go():
        if name == "request":
            return asked(request(state), ("c1", 1), actor, TEAM, "", NOON)
        return take(request(state), name, actor, TEAM, Said("security"), NOON)

    if state in STATES[name].split():
        assert go().state is STEPS[name].after
        assert go().version == 2
    else:
        with pytest.raises(Conflict):
            go()


WHO = {
    "developer of the team": (DEVELOPER, "request leave"),
    "another developer": (Actor("eve", "developer"), ""),
    "owner of the tenant": (OWNER, "approve refuse suspend resume withdraw verify unverify"),
    "owner of another tenant": (Actor("otto", "owner", 2), ""),
    "owner of no tenant": (Actor("oona", "owner"), ""),
    "owner who is a developer of it": (Actor("dana", "owner", 1), ""),
    "operator": (Actor("root", "operator"), "request leave approve refuse suspend resume withdraw verify unverify"),
    "clock": (CLOCK, "expire"),
    "somebody": (Actor("nobody", "analyst", 1), ""),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("who", WHO)
def test_each_step_is_for_these_alone(name, who):
    """AUTHZ-17: the matrix of who and what; nobody approves an application of their own team."""
    actor, may = WHO[who]
    state = State(STATES[name].split()[0])

    def go():
        if name == "request":
            return asked(request(state), ("c1", 1), actor, TEAM, "", NOON)
        return take(request(state), name, actor, TEAM, Said("security"), NOON)

    if name in may.split():
        assert go().state is STEPS[name].after
    else:
        with pytest.raises(NotAllowed):
            go()


@pytest.mark.parametrize("name", ["refuse", "suspend", "withdraw"])
@pytest.mark.parametrize("code", ["", "because", "Security"])
def test_a_no_wants_one_of_the_reasons(name, code):
    """REG-13: by criteria that are the same for all."""
    state = State(STATES[name].split()[0])
    with pytest.raises(RegistrationRefused, match="reason"):
        take(request(state), name, OWNER, TEAM, Said(code), NOON)


def test_of_two_who_decide_the_second_is_told():
    """The version that was looked at has to be the one that is there."""
    first = take(request(), "approve", OWNER, TEAM, Said(version=1), NOON)

    with pytest.raises(Conflict):
        take(first, "withdraw", OWNER, TEAM, Said("security", version=1), NOON)


def test_requests_are_due_in_ten_business_days():
    """REG-06: a Friday's request, by the Friday after the next."""
    assert due(request()) == date(2026, 12, 11)


def test_the_last_day_comes_by_itself():
    allowed = replace(request(State.APPROVED), narrowing=Narrowing(("system/*.rs",), expires=NOON + timedelta(days=1)))

    assert now_is(allowed, NOON).state is State.APPROVED
    assert now_is(allowed, NOON + timedelta(days=1)).state is State.EXPIRED
    with pytest.raises(Conflict):
        take(allowed, "suspend", OWNER, TEAM, Said("security"), NOON + timedelta(days=2))


@pytest.mark.parametrize(
    ("allowed", "wished", "left"),
    [
        ("system/*.rs", "system/*.rs", "system/*.rs"),
        ("system/*.rs", "system/Patient.r system/Group.cruds", "system/Patient.r system/Group.rs"),
        ("system/Patient.rs", "system/*.rs", "system/Patient.rs"),
        ("system/Patient.rs", "system/Observation.rs", ""),
        ("system/Patient.rs", "patient/Patient.rs", ""),
        ("openid launch", "openid", "openid"),
        ("system/Observation.rs?category=laboratory", "system/*.r", "system/Observation.r?category=laboratory"),
        (
            "system/Observation.rs",
            "system/Observation.rs?category=laboratory",
            "system/Observation.rs?category=laboratory",
        ),
        ("system/*.rs", "", ""),
    ],
)
def test_a_right_wants_both(allowed, wished, left):
    """Each row: what the tenant allows, what the application asks for by now, and what it has."""
    assert " ".join(within(allowed.split(), wished.split())) == left


def test_types_narrow_the_scope_for_all():
    """One for all types becomes one for each that is kept; with all of them kept it stays."""
    assert list(only_types(("system/*.rs",), frozenset({"Patient", "Observation"}), APP)) == [
        "system/Patient.rs",
        "system/Observation.rs",
    ]
    assert list(only_types(("system/*.rs",), frozenset(types(APP)), APP)) == ["system/*.rs"]
    assert list(only_types(("system/*.rs",), frozenset(), APP)) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"scopes": ("system/*.cruds",)}, "within"),
        ({"scopes": ()}, "at least one"),
        ({"scopes": ("system/*.rs",), "groups": ("g",), "bulk": False}, "groups"),
        ({"lifetime": 59}, "lifetime"),
        ({"lifetime": 43201}, "lifetime"),
        ({"expires": NOON}, "last day"),
        ({"expires": NOON + timedelta(days=4000)}, "last day"),
        ({"networks": ("10.0.0.1/8",)}, "network"),
        ({"networks": ("010.0.0.0/8",)}, "network"),
        ({"networks": ("fe80::%eth0/64",)}, "zone"),
        ({"networks": ("everywhere",)}, "network"),
    ],
)
def test_a_narrowing_that_is_none_is_refused(changes, why):
    with pytest.raises(RegistrationRefused, match=why):
        checked(replace(everything(APP), **changes), APP, NOON)


ALONE = {
    "launch/create": True, "openid": True, "launch": False, "offline_access": False, "sensitive/PSY": False,
}  # fmt: skip


@pytest.mark.parametrize(("word", "allowed"), ALONE.items())
def test_words_that_are_of_use_without_a_record(word, allowed):
    """An EHR that only opens applications, and an application where people only sign in, can be approved."""
    one = replace(APP, scopes=(word,), bulk=False)
    if allowed:
        assert checked(everything(one), one, NOON).scopes == (word,)
    else:
        with pytest.raises(RegistrationRefused):
            checked(everything(one), one, NOON)


def test_the_row_of_a_tenant_is_what_both_said():
    """Narrowed by the owner, and by whatever the developer has given up since; the name as the owner saw it."""
    narrowing = Narrowing(("system/Patient.rs",), networks=("192.0.2.0/24",), lifetime=600, expires=NOON)
    allowed = replace(request(State.APPROVED), narrowing=narrowing)
    renamed = edited(HELD, replace(APP, name="Day report", scopes=("system/Patient.r", "system/Observation.rs")))
    client = client_of(renamed, allowed)

    assert (client.name, client.scopes, client.bulk) == ("Night report", ("system/Patient.r",), False)
    assert (client.networks, client.lifetime, client.expires) == (("192.0.2.0/24",), 600, NOON)
    assert (client.approved, client.enabled, client.secrets) == (True, True, HELD.secrets)
    assert not client_of(removed(renamed, NOON), allowed).approved


def test_another_way_of_proof_leaves_no_secret_behind():
    keys = edited(HELD, replace(APP, auth="private-key-jwt", jwks_uri="https://keys.example.org/jwks"))

    assert keys.secrets == ()
    with pytest.raises(RegistrationRefused):
        rotated(keys, b"n" * 32, timedelta(0), NOON)


def test_secrets_overlap_as_long_as_it_is_said():
    week = rotated(HELD, b"n" * 32, timedelta(days=7), NOON)
    now = rotated(week, b"m" * 32, timedelta(0), NOON)

    assert week.secrets == ((b"s" * 32, NOON + timedelta(days=7)), (b"n" * 32, None))
    assert now.secrets == ((b"m" * 32, None),)
    with pytest.raises(RegistrationRefused, match="30 days"):
        rotated(HELD, b"n" * 32, timedelta(days=31), NOON)


class Decisions(RuleBasedStateMachine):
    """Steps at random, by anybody, at any time; what follows from the rules has to hold after each of them."""

    def __init__(self):
        super().__init__()
        self.now = NOON
        self.held: Authorization | None = None
        self.yes = self.asked_since = False

    @rule(
        name=st.sampled_from(sorted(STEPS)),
        who=st.sampled_from([one for one, _ in WHO.values()]),
        code=st.sampled_from(["", *CODES]),
        days=st.integers(0, 3),
        lasts=st.none() | st.integers(1, 4),
    )
    def step(self, name, who, code, days, lasts):
        self.now += timedelta(days=days)
        before = self.held if name == "expire" else self.held and now_is(self.held, self.now)
        try:
            if name == "request":
                new = asked(self.held, ("c1", 1), who, TEAM, "", self.now)
            else:
                new = take(self.held, name, who, TEAM, Said(code), self.now)
        except RegistrationRefused:
            return
        if name == "approve":
            ends = None if lasts is None else self.now + timedelta(days=lasts)
            new = replace(new, narrowing=Narrowing(("system/*.rs",), expires=ends), basis=HELD.basis)
        assert who.who in (STEPS[name].who, "operator")
        assert who.id not in TEAM or STEPS[name].who == "developer"
        assert (before.state if before else None) in STEPS[name].before
        assert new.version == (self.held.version + 1 if self.held else 1)
        self.yes = name in ("approve", "resume") or (self.yes and name in ("suspend", "verify", "unverify"))
        self.held = new

    @invariant()
    def nobody_is_in_without_a_yes(self):
        if self.held is not None:
            held = now_is(self.held, self.now)
            client = client_of(HELD, held)
            assert client.approved == (held.state in (State.APPROVED, State.SUSPENDED))
            assert not (client.approved and client.enabled) or self.yes


TestDecisions = Decisions.TestCase
TestDecisions.settings = settings(max_examples=count(20, 200), stateful_step_count=30, deadline=None)
