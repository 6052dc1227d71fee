"""From a request that waits to the redirect: OAUTH-02, OAUTH-27, SMART-06, OATK-10, OATK-13, AUTHZ-03."""

from dataclasses import replace
from datetime import timedelta

import pytest

from careweft.oauth.authorization import Ask, Choose, Pick, Send, SignIn
from careweft.oauth.authorize.refusals import ShownRefusal
from careweft.ports.charts import Encounter
from careweft.ports.permits import Pending

from .flow import ANA, BEN, REDIRECT, YOLANDA, Flow, app, asked, peopled, said, turned_away
from .twins import account, charge, session
from .world import CONTEXT, ISSUER, A, B


@pytest.fixture
def world():
    return peopled()


async def granting_step(world, request, who):
    return await world.auth.granting.step(A, request, who, CONTEXT)


async def test_a_patient_is_asked_at_once(world):
    """Who is signed in and stands for one record has nothing to choose."""
    ask = await Flow(world).ask()
    assert isinstance(ask, Ask)
    assert (ask.patient.patient, ask.request.patient, ask.client.id) == ("ana", "ana", "app")
    assert [one.key for one in ask.permissions] == [
        "record:Patient", "record:Observation", "identity:openid", "identity:fhirUser", "lasting:offline_access",
    ]  # fmt: skip
    assert (ask.whole, ask.seconds, ask.days, ask.limit) == (False, 3600, 92, 1096)


async def test_a_yes_comes_back_with_code_state_and_iss(world):
    """OAUTH-24; the audit entry stands in the same transaction, and the request is over."""
    flow = Flow(world)
    ask = await flow.ask()
    told = await flow.permit(ask)
    assert set(told) == {"code", "state", "iss"}
    assert (told["state"], told["iss"], len(told["code"])) == ("st4te", ISSUER, 40)
    (entry,) = world.permits.entries
    assert (entry.action, entry.status, entry.client, entry.patients) == ("authorize", 303, "app", ("ana",))
    assert told["code"] not in repr(entry)
    with pytest.raises(ShownRefusal):
        await flow.permit(ask)
    assert len(world.permits.codes) == 1


async def test_a_no_comes_back_as_access_denied(world):
    flow = Flow(world)
    ask = await flow.ask()
    told = said(await world.auth.granting.refuse(A, ask.request, flow.session, CONTEXT))
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", "st4te", ISSUER)
    assert world.requests.entries[0].status == 403
    assert not world.permits.codes


async def test_nothing_ticked_is_a_no(world):
    flow = Flow(world)
    assert (await flow.permit(await flow.ask(), ticked=()))["error"] == "access_denied"


async def test_a_no_before_signing_in(world):
    request = await Flow(world).begin()
    assert said(await world.auth.granting.refuse(A, request, None, CONTEXT))["error"] == "access_denied"


async def test_a_yes_needs_the_question_first(world):
    """Neither before signing in nor before picking."""
    flow = Flow(world, BEN)
    request = await flow.begin()
    with pytest.raises(ShownRefusal):
        await world.auth.granting.permit(A, request, flow.session, ["record:Patient"], CONTEXT)
    assert not world.permits.kept


async def test_a_representative_picks(world):
    """Two charges: the person says whom it is about; the permit is about that one."""
    flow = Flow(world, BEN)
    request = await flow.begin()
    pick = await flow.step(request)
    assert isinstance(pick, Pick)
    assert [(one.patient, one.relation) for one in pick.candidates] == [("ana", "parent"), ("cleo", "child")]
    assert pick.searches is False
    await world.auth.granting.pick(A, pick.request, flow.session, "cleo")
    ask = await flow.step(request)
    assert ask.patient.patient == "cleo"
    await flow.permit(ask)
    assert next(iter(world.permits.kept.values())).patient == "cleo"


@pytest.mark.parametrize("patient", ["dora", "nobody", "", "ana/../cleo"])
async def test_nobody_picks_beyond_their_reach(world, patient):
    """SMART-06, AUTHZ-19."""
    flow = Flow(world, BEN)
    pick = await flow.step(await flow.begin())
    with pytest.raises(ShownRefusal):
        await world.auth.granting.pick(A, pick.request, flow.session, patient)


async def test_a_practitioner_searches(world):
    flow = Flow(world, YOLANDA)
    pick = await flow.step(await flow.begin())
    assert (pick.candidates, pick.searches) == ((), True)
    found = await world.auth.granting.search(A, pick.request, flow.session, "cl")
    assert [one.patient for one in found] == ["cleo"]


VISITS = (Encounter("e1", "2026-01-04", "check-up"), Encounter("e2", "2025-11-02"))
ENCOUNTER = "launch/encounter openid offline_access patient/*.rs"


async def visit_of(flow, encounter, **changed):
    """The token answer after this visit was chosen."""
    granting = flow.world.auth.granting
    request = await flow.begin(scope=ENCOUNTER, **changed)
    step = await flow.step(request)
    assert isinstance(step, Choose), step
    assert [one.id for one in step.visits] == ["e1", "e2"]
    await granting.choose(A, step.request, flow.session, encounter)
    return await flow.redeem((await flow.permit(await flow.step(request)))["code"])


async def test_a_visit_is_picked(world):
    """launch/encounter without an EHR: the person says which; the answer, and what comes by refresh, names it."""
    world.charts.met["ana"] = VISITS
    flow = Flow(world)
    told = await visit_of(flow, "e2")
    assert (told["patient"], told["encounter"]) == ("ana", "e2")
    assert "launch/encounter" in told["scope"].split()
    assert (await flow.refresh(told["refresh_token"]))["encounter"] == "e2"


async def test_no_visit_no_word(world):
    """None of them, or none at all: the scope is as granted, without the word, and no encounter is told."""
    flow = Flow(world)
    assert isinstance(await flow.step(await flow.begin(scope=ENCOUNTER)), Ask)
    told = await flow.tokens(scope=ENCOUNTER)
    world.charts.met["ana"] = VISITS
    for answer in (told, await visit_of(flow, "")):
        assert "encounter" not in answer
        assert "launch/encounter" not in answer["scope"].split()


@pytest.mark.parametrize("encounter", ["e9", "e1/../e2", "E1"])
async def test_nobody_picks_a_visit_that_they_do_not_see(world, encounter):
    """SMART-07: context only of what the person may see; and not before it is known whose visits they are."""
    world.charts.met["ana"], world.charts.met["cleo"] = VISITS, (Encounter("e9"),)
    flow = Flow(world)
    step = await flow.step(await flow.begin(scope=ENCOUNTER))
    with pytest.raises(ShownRefusal):
        await world.auth.granting.choose(A, step.request, flow.session, encounter)
    early = Flow(world, BEN)
    pick = await early.step(await early.begin(scope=ENCOUNTER))
    assert isinstance(pick, Pick)
    with pytest.raises(ShownRefusal):
        await world.auth.granting.choose(A, pick.request, early.session, "e9")
    assert (await turned_away(flow, scope=ENCOUNTER, prompt="none"))["error"] == "interaction_required"


async def test_user_scopes_alone_are_about_nobody_in_particular(world):
    ask = await Flow(world, YOLANDA).ask(scope="openid fhirUser user/*.rs")
    assert (ask.patient, ask.request.patient) == (None, None)


async def test_patient_scopes_without_a_launch_scope_still_need_a_patient(world):
    """SMART-06: a picker is shown, for one and the same request without launch/patient."""
    flow = Flow(world, BEN)
    assert isinstance(await flow.step(await flow.begin(scope="patient/*.rs")), Pick)


@pytest.mark.parametrize(
    ("who", "scope"),
    [
        (account("olga", fhir_user=None, role="owner"), "user/*.rs"),
        (account("olga", fhir_user=None, role="owner"), "patient/*.rs"),
        (account("rita", fhir_user="RelatedPerson/rita"), "patient/*.rs"),
    ],
)
async def test_who_stands_for_nobody_grants_nothing(world, who, scope):
    """An account without a record, and one whose relations are all over."""
    world.people.add(who)
    told = await turned_away(Flow(world, who), scope=scope)
    assert told["error"] == "access_denied"


SIGN_IN = {
    "nobody": lambda _: None,
    "of another tenant": lambda now: session(replace(ANA, tenant=2), now),
    "of no tenant": lambda now: session(replace(ANA, tenant=0), now),
    "switched off": lambda now: session(replace(ANA, enabled=False), now),
    "without the second factor that the role wants": lambda now: session(ANA, now, enrol=True),
}


@pytest.mark.parametrize("name", SIGN_IN)
async def test_who_has_to_sign_in_first(world, name):
    """And with prompt=none, who would have to: login_required (OAUTH-27)."""
    who = SIGN_IN[name](world.clock.at)
    request = await Flow(world).begin()
    assert isinstance(await granting_step(world, request, who), SignIn)
    silent = await Flow(world).begin(prompt="none")
    sent = await granting_step(world, silent, who)
    assert said(sent.url)["error"] == "login_required"
    assert not world.permits.kept


AGE = [
    # prompt, max_age, seconds since the person signed in, has to sign in again
    (None, None, 40_000, False),
    (None, "600", 599, False),
    (None, "600", 600, False),
    (None, "600", 601, True),
    (None, "0", 1, True),
    ("login", None, 1, True),
    ("select_account", None, 1, True),
    ("login consent", None, 1, True),
    ("consent", None, 40_000, False),
]


@pytest.mark.parametrize(("prompt", "max_age", "ago", "again"), AGE)
async def test_how_recently(world, prompt, max_age, ago, again):
    """OAUTH-27: max_age and prompt=login ask again; once that is done they are content."""
    flow = Flow(world, session=session(ANA, world.clock.at, ago))
    request = await flow.begin(prompt=prompt, max_age=max_age)
    assert isinstance(await flow.step(request), SignIn if again else Ask)
    world.clock.pass_(seconds=20)
    flow.session = session(ANA, world.clock.at, id_="s2") if again else flow.session
    assert isinstance(await flow.step(request), Ask)


async def test_silence_where_the_person_would_have_to_choose(world):
    """prompt=none: interaction_required for a picker, consent_required for a question."""
    assert (await turned_away(Flow(world, BEN), prompt="none"))["error"] == "interaction_required"
    assert (await turned_away(Flow(world), prompt="none"))["error"] == "consent_required"


async def test_an_identical_request_is_remembered(world):
    """OATK-13: same application, address, scopes, patient: no question, and a permit of its own."""
    flow = Flow(world)
    await flow.code(remember=True)
    for prompt in (None, "none", "login"):
        flow.session = session(ANA, world.clock.at)
        step = await flow.step(await flow.begin(prompt=prompt))
        assert isinstance(step, Send)
        assert set(said(step.url)) == {"code", "state", "iss"}
    assert len(world.permits.kept) == 4


async def test_only_who_wants_it_is_not_asked_again(world):
    """A yes to this one request is no yes to the next: the person may tick less then."""
    flow = Flow(world)
    await flow.code()
    assert isinstance(await flow.ask(), Ask)


OTHERS = {
    "another scope": {"scope": "patient/Patient.rs"},
    "the same scopes in another order": {"scope": "patient/Observation.rs patient/Patient.rs"},
    "prompt=consent": {"prompt": "consent"},
    "another application": {"client_id": "page"},
    "another address": {"redirect_uri": REDIRECT + "2"},
}


@pytest.mark.parametrize("name", OTHERS)
async def test_anything_else_is_asked_anew(world, name):
    world.clients.kept[1, "app"] = app(redirect_uris=(REDIRECT, REDIRECT + "2"))
    flow = Flow(world)
    await flow.code(remember=True)
    assert isinstance(await flow.ask(**OTHERS[name]), Ask)


@pytest.mark.parametrize("how", ["taken back", "over", "another patient", "limited"])
async def test_what_is_over_is_not_remembered(world, how):
    flow = Flow(world, BEN)
    await flow.code("cleo", remember=True)
    if how == "taken back":
        await world.permits.end(1, [id_ for _, id_ in world.permits.kept], world.clock.at)
    elif how == "over":
        world.clock.pass_(days=93)
        flow.session = session(BEN, world.clock.at)
    elif how == "limited":
        world.people.add(BEN, charge("ana"), charge("cleo", types=("Patient",)))
    assert isinstance(await flow.ask("ana" if how == "another patient" else "cleo"), Ask)


@pytest.mark.parametrize(
    ("client_id", "uri", "remembered"),
    [("phone", "http://127.0.0.1:4000/cb", False), ("phone", REDIRECT, True), ("page", REDIRECT, True)],
)
async def test_who_could_be_anybody_is_asked_every_time(world, client_id, uri, remembered):
    """RFC 8252 section 8.6: another program can sit behind a loopback port."""
    world.clients.kept[1, "phone"] = app("phone", "none", "native", redirect_uris=(REDIRECT, "http://127.0.0.1/cb"))
    flow = Flow(world, proof={"client_id": client_id})
    await flow.code(redirect_uri=uri, remember=True)
    assert isinstance(await flow.ask(redirect_uri=uri), Send if remembered else Ask)


async def test_a_request_belongs_to_the_browser_that_met_it(world):
    """OATK-10: neither another person's session nor another one of the same person gets further with it."""
    flow = Flow(world)
    ask = await flow.ask()
    for stranger in (session(BEN, world.clock.at, id_="s9"), session(ANA, world.clock.at, id_="s9")):
        request = await world.auth.granting.find(A, ask.request.id)
        for act in (
            world.auth.granting.step(A, request, stranger, CONTEXT),
            world.auth.granting.permit(A, request, stranger, ["record:Patient"], CONTEXT),
            world.auth.granting.refuse(A, request, stranger, CONTEXT),
            world.auth.granting.pick(A, request, stranger, "ana"),
        ):
            with pytest.raises(ShownRefusal):
                await act
    assert not world.permits.kept
    assert (await flow.permit(ask))["code"]


async def test_ticks_of_one_request_grant_nothing_of_another(world):
    """The two-tab swap: what was ticked for one application is looked at as ticks of the other's own boxes."""
    flow = Flow(world)
    small = await flow.ask(scope="patient/Patient.rs")
    large = await flow.ask(scope="patient/Patient.rs patient/Observation.rs sensitive/SUD")
    keys = [one.key for one in large.permissions]
    await flow.permit(small, keys)
    assert next(iter(world.permits.kept.values())).scopes == ("patient/Patient.rs",)


async def test_a_request_waits_a_quarter_of_an_hour(world):
    request = await Flow(world).begin()
    world.clock.pass_(minutes=15, seconds=-1)
    assert await world.auth.granting.find(A, request.id)
    world.clock.pass_(seconds=1)
    assert await world.auth.granting.find(A, request.id) is None


async def test_a_request_is_of_one_tenant(world):
    """AUTHZ-03."""
    request = await Flow(world).begin()
    assert await world.auth.granting.find(B, request.id) is None


@pytest.mark.parametrize("change", [{"enabled": False}, {"approved": False}])
async def test_an_application_that_was_switched_off_meanwhile(world, change):
    """Nothing is granted to it, however far the person had come."""
    flow = Flow(world)
    ask = await flow.ask()
    world.clients.kept[1, "app"] = replace(world.clients.kept[1, "app"], **change)
    with pytest.raises(ShownRefusal):
        await flow.permit(ask)
    assert not world.permits.kept


async def test_a_relation_that_ended_meanwhile(world):
    """Picked, asked, and over before the yes: access_denied, no code."""
    flow = Flow(world, BEN)
    ask = await flow.ask("cleo")
    world.people.add(BEN, charge("ana", "parent"))
    assert (await flow.permit(ask))["error"] == "access_denied"
    assert not world.permits.kept


async def test_what_a_relation_withholds_cannot_be_granted(world):
    """`Charge.types` and `Charge.sensitive`: no box, and a key that was made up grants nothing."""
    world.people.add(BEN, charge("cleo", "child", types=("Patient", "Immunization"), sensitive=False))
    flow = Flow(world, BEN)
    ask = await flow.ask(scope="patient/*.rs sensitive/SUD openid")
    assert {one.key for one in ask.permissions} == {"record:Patient", "record:Immunization", "identity:openid"}
    await flow.permit(ask, [*(one.key for one in ask.permissions), "sensitive:SUD", "record:Observation"])
    granted = next(iter(world.permits.kept.values())).scopes
    assert set(granted) == {"openid", "patient/Patient.rs", "patient/Immunization.rs"}


async def test_the_database_being_away_is_told_to_the_application(world):
    """OAUTH-02: temporarily_unavailable."""
    world.requests.down = True
    assert (await turned_away(Flow(world)))["error"] == "temporarily_unavailable"


async def test_codes_and_names_cannot_be_guessed(world):
    """OAUTH-04: ten thousand codes, 160 bits each: no two alike, every hex digit as often as any other."""
    make = world.auth.granting.identifier
    codes = [make() for _ in range(10_000)]
    assert len(set(codes)) == len(codes)
    assert {len(one) for one in codes} == {40}
    digits = "".join(codes)
    expected = len(digits) / 16
    chi = sum((digits.count(one) - expected) ** 2 / expected for one in "0123456789abcdef")
    assert chi < 60  # 15 degrees of freedom: beyond 60 once in two million runs


def test_the_session_of_a_request_is_in_no_repr(world):
    assert "s1" not in repr(replace(_pending(world), session="s1-secret"))


def _pending(world):
    now = world.clock.at
    return Pending("a" * 40, 1, "app", "x", REDIRECT, (), "c", "s", now, now + timedelta(minutes=15))


def test_asked_is_a_good_request():
    assert dict(asked())["response_type"] == "code"
