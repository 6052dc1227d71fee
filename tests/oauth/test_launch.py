"""Launches by an EHR: SMART-05, SMART-07, AUTHZ-03, conformance.md 4 (3.4)."""

from dataclasses import replace

import pytest

from careweft.oauth.authorization import Ask, Pick
from careweft.oauth.errors import InsufficientScope, InvalidRequest, InvalidToken, OAuthError

from .flow import PATIENT_BASE, YOLANDA, Flow, app, peopled, turned_away
from .twins import account, session
from .world import CONTEXT, ISSUER, SECRET, A, B, by_secret

LAUNCH_URL = "https://app.example.org/launch"
SCOPE = "launch openid fhirUser offline_access user/Patient.rs user/Encounter.rs"


@pytest.fixture
def world():
    made = peopled()
    made.change("secret", scopes=("system/*.rs", "launch/create"))
    made.clients.kept[1, "app"] = app(launch_url=LAUNCH_URL)
    return made


async def launched(world, token=None, tenant=A, **told):
    """What the endpoint answers to an EHR."""
    token = token or (await world.ask(**by_secret("launch/create")))["access_token"]
    said = {"client_id": "app", "user": "Practitioner/y", "patient": "cleo", "encounter": "e1"} | told
    said = {name: value for name, value in said.items() if value is not None}
    return await world.auth.launching.answer(tenant, token, said, CONTEXT)


async def test_an_ehr_opens_an_application(world):
    """3.4: patient, encounter, intent, fhirContext, banner and style come from the launch, and a fhirUser."""
    made = await launched(world, fhirContext=["ImagingStudy/1"], intent="reconcile", need_patient_banner=False)
    assert made["iss"] == PATIENT_BASE
    assert made["expires_in"] == 300
    assert made["url"].startswith(LAUNCH_URL + "?iss=")
    answer = await Flow(world, YOLANDA).tokens(scope=SCOPE, launch=made["launch"])
    assert (answer["patient"], answer["encounter"], answer["intent"]) == ("cleo", "e1", "reconcile")
    assert (answer["fhirContext"], answer["need_patient_banner"]) == (["ImagingStudy/1"], False)
    assert answer["smart_style_url"] == f"{ISSUER}/style.json"
    assert "launch" in answer["scope"].split()
    again = await Flow(world, YOLANDA).refresh(answer["refresh_token"])
    assert (again["patient"], again["encounter"]) == ("cleo", "e1")
    assert [(one.action, one.user, one.patient) for one in world.launches.entries] == [
        ("launch", "Practitioner/y", "cleo")
    ]


async def test_a_patient_scope_in_an_ehr_launch(world):
    """9.9."""
    made = await launched(world)
    answer = await Flow(world, YOLANDA).tokens(scope="launch openid patient/Patient.rs", launch=made["launch"])
    assert answer["patient"] == "cleo"


async def test_the_launch_url_names_the_application_too(world):
    made = await launched(world, client_id=None, launch_url=LAUNCH_URL)
    assert isinstance(await Flow(world, YOLANDA).ask(scope=SCOPE, launch=made["launch"]), Ask)


async def test_without_a_patient_the_person_picks(world):
    """SMART-06: patient/ scopes, and the EHR knew none."""
    made = await launched(world, patient=None, encounter=None)
    flow = Flow(world, YOLANDA)
    assert isinstance(await flow.step(await flow.begin(scope="launch patient/*.rs", launch=made["launch"])), Pick)


async def test_a_handle_is_good_once(world):
    """Used, it is invalid_request; what spoils a request earlier does not use it up."""
    made = await launched(world)
    assert (await turned_away(Flow(world, YOLANDA), scope=SCOPE, launch=made["launch"], state=None))["error"]
    await Flow(world, YOLANDA).begin(scope=SCOPE, launch=made["launch"])
    again = await turned_away(Flow(world, YOLANDA), scope=SCOPE, launch=made["launch"])
    assert again["error"] == "invalid_request"


async def test_a_handle_is_good_for_five_minutes(world):
    made = await launched(world)
    world.clock.pass_(seconds=300)
    assert (await turned_away(Flow(world), scope=SCOPE, launch=made["launch"]))["error"] == "invalid_request"


@pytest.mark.parametrize("client_id", ["phone", "page"])
async def test_a_handle_is_of_one_application(world, client_id):
    made = await launched(world)
    flow = Flow(world, YOLANDA, proof={"client_id": client_id})
    assert (await turned_away(flow, scope=SCOPE, launch=made["launch"]))["error"] == "invalid_request"
    assert await Flow(world, YOLANDA).begin(scope=SCOPE, launch=made["launch"])


async def test_a_handle_is_of_one_tenant(world):
    made = await launched(world)
    world.clients.kept[2, "app"] = replace(app(), tenant=2)
    with pytest.raises(Exception, match="launch is unknown"):
        await world.auth.granting.begin(B, _asked(made["launch"], aud=PATIENT_BASE.replace(A.id, B.id)), CONTEXT)


def _asked(handle, **changed):
    from .flow import asked

    return asked(scope=SCOPE, launch=handle, **changed)


async def test_a_handle_is_of_one_user(world):
    """Another practitioner who signs in gets nothing out of it."""
    made = await launched(world)
    other = world.people.add(account("zoe", fhir_user="Practitioner/z", role="practitioner"))
    flow = Flow(world, other)
    told = await turned_away(flow, scope=SCOPE, launch=made["launch"])
    assert told["error"] == "access_denied"
    assert not world.permits.kept


async def test_the_user_has_to_see_the_patient(world):
    """SMART-07: an EHR cannot put a patient in context whom its user may not see."""
    made = await launched(world, patient="hidden")
    assert (await turned_away(Flow(world, YOLANDA), scope=SCOPE, launch=made["launch"]))["error"] == "access_denied"


async def test_nobody_picks_another_patient_than_the_launch_s(world):
    made = await launched(world)
    flow = Flow(world, YOLANDA)
    request = (await flow.ask(scope=SCOPE, launch=made["launch"])).request
    from careweft.oauth.authorize.refusals import ShownRefusal

    with pytest.raises(ShownRefusal):
        await world.auth.granting.pick(A, request, flow.session, "ana")


async def test_the_same_again_for_another_patient_is_not_asked(world):
    """A practitioner who said yes to this application for good, for these scopes, is not asked at every patient."""
    flow = Flow(world, YOLANDA)
    for patient in ("cleo", "ana"):
        made = await launched(world, patient=patient)
        flow.session = session(YOLANDA, world.clock.at)
        code = await flow.code(scope=SCOPE, launch=made["launch"], remember=True)
        assert (await flow.redeem(code))["patient"] == patient
    assert not isinstance(await flow.ask(scope=SCOPE, launch=(await launched(world))["launch"]), Ask)


async def test_guessing(world):
    """160 bits: a thousand handles, no two alike."""
    handles = {(await launched(world))["launch"] for _ in range(50)}
    assert len(handles) == 50
    assert {len(one) for one in handles} == {40}


BODIES = {
    "no object": [],
    "an unknown member": {"client_id": "app", "user": "Practitioner/y", "x": 1},
    "no user": {"client_id": "app"},
    "a user that is none": {"client_id": "app", "user": "y"},
    "nobody's application": {"client_id": "nobody", "user": "Practitioner/y"},
    "a backend service": {"client_id": "secret", "user": "Practitioner/y"},
    "no application": {"user": "Practitioner/y"},
    "two ways to name it": {"client_id": "app", "launch_url": LAUNCH_URL, "user": "Practitioner/y"},
    "a patient that is no id": {"client_id": "app", "user": "Practitioner/y", "patient": "a/b"},
    "a patient that is no text": {"client_id": "app", "user": "Practitioner/y", "patient": 5},
    "fhirContext that is no list": {"client_id": "app", "user": "Practitioner/y", "fhirContext": "Patient/1"},
    "an absolute fhirContext": {"client_id": "app", "user": "Practitioner/y", "fhirContext": ["https://a/Patient/1"]},
    "too many": {"client_id": "app", "user": "Practitioner/y", "fhirContext": ["Patient/1"] * 21},
    "a banner that is no truth": {"client_id": "app", "user": "Practitioner/y", "need_patient_banner": "no"},
    "an intent of a page": {"client_id": "app", "user": "Practitioner/y", "intent": "x" * 300},
}


@pytest.mark.parametrize("name", BODIES)
async def test_what_an_ehr_may_not_say(world, name):
    token = (await world.ask(**by_secret("launch/create")))["access_token"]
    with pytest.raises(InvalidRequest) as refused:
        await world.auth.launching.answer(A, token, BODIES[name], CONTEXT)
    assert refused.value.entry.action == "launch"
    assert not world.launches.kept


async def test_only_who_may(world):
    """A token without the right, one of a person, one of another tenant, none at all."""
    reads = (await world.token())["access_token"]
    person = (await Flow(world).tokens())["access_token"]
    for token, error in ((reads, InsufficientScope), (person, InsufficientScope), ("x", InvalidToken)):
        with pytest.raises(OAuthError) as refused:
            await launched(world, token)
        assert type(refused.value) is error
    good = (await world.ask(**by_secret("launch/create")))["access_token"]
    with pytest.raises(InvalidToken):
        await launched(world, good, B)


async def test_the_right_has_to_be_registered(world):
    world.change("secret", scopes=("system/*.rs",))
    with pytest.raises(OAuthError):
        await world.ask(**by_secret("launch/create"))
    both = None
    world.change("secret", scopes=("system/*.rs", "launch/create"))
    both = await world.ask(**by_secret("system/Patient.rs launch/create", secret=SECRET))
    assert set(both["scope"].split()) == {"system/Patient.rs", "launch/create"}
