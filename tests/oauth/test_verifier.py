"""Access tokens at the FHIR doors: OAUTH-14, OAUTH-15, OAUTH-16, OATK-01 to OATK-06, AUTHZ-03, AUTHZ-04."""

import itertools
import time

import pytest
from joserfc.jwk import ECKey

from careweft.fhir.outcomes import LoginRequired, Unavailable
from careweft.oauth.keys import AHEAD, KEEP
from careweft.oauth.verifier import Verifier
from careweft.surfaces import ALL, issuers

from .forge import ATTACKS, Kit, good, jws
from .world import BASE, PATIENT, SYSTEM, A, B, World, opened


async def kit(world):
    """A good access token of the system API, and the key that signed it."""
    header, claims = opened((await world.token())["access_token"])
    return Kit(header, claims, ECKey.import_key(world.signing.kept[header["kid"]].private))


@pytest.fixture
def world():
    return World()


async def test_a_good_token_is_believed(world):
    """What is read from it is who calls."""
    answer = await world.token("system/Patient.rs system/Observation.read")
    caller = await world.verifier.verify(answer["access_token"], A, SYSTEM)
    assert (caller.client, caller.tenant, caller.patient, caller.user) == ("secret", A.id, None, None)
    assert caller.audience == f"{BASE}/provider/system-access/v2/{A.id}"
    assert [str(one) for one in caller.scopes] == ["system/Patient.rs", "system/Observation.read"]
    assert caller.expires == world.clock.seconds + 3600


async def test_the_kit_makes_good_tokens(world):
    """So that what fails below fails for its own reason."""
    assert (await world.verifier.verify(good(await kit(world)), A, SYSTEM)).client == "secret"


@pytest.mark.parametrize("name", ATTACKS)
async def test_forged_tokens_are_refused(world, name):
    """Each in under 5 ms beside the signature, none with an unexpected error, none asking the network."""
    token = ATTACKS[name](await kit(world))
    begun = time.perf_counter()
    with pytest.raises(LoginRequired):
        await world.verifier.verify(token, A, SYSTEM)
    assert time.perf_counter() - begun < 0.25
    assert not world.key_sets.fetched


@pytest.mark.parametrize("typ", ["JWT", "jwt", None, "at+jwt+x", "id_token", ""])
async def test_other_kinds_of_token_are_none(world, typ):
    """OAUTH-15: an ID token, a refresh token, an assertion: whatever is not at+jwt."""
    made = await kit(world)
    made.header = {name: value for name, value in (made.header | {"typ": typ}).items() if value is not None}
    with pytest.raises(LoginRequired):
        await world.verifier.verify(good(made), A, SYSTEM)


async def test_a_header_that_says_more_than_ours_is_refused(world):
    made = await kit(world)
    made.header["x5t"] = "abc"
    with pytest.raises(LoginRequired):
        await world.verifier.verify(good(made), A, SYSTEM)


NOW = World().clock.seconds
MUTATIONS = [
    ("iss", None),
    ("iss", ""),
    ("iss", 1),
    ("iss", f"{BASE}/auth/{B.id}/oauth2/v1"),
    ("iss", f"{BASE}/auth/{A.id}/oauth2/v1/"),
    ("iss", "https://attacker.example"),
    ("sub", None),
    ("sub", ""),
    ("sub", ["secret"]),
    ("aud", None),
    ("aud", ""),
    ("aud", f"{BASE}/provider/system-access/v2/{B.id}"),
    ("aud", f"{BASE}/payer/system-access/v2/{A.id}"),
    ("aud", f"{BASE}/provider/patient-access/v2/{A.id}"),
    ("aud", f"{BASE}/provider/system-access/v2/{A.id}/"),
    ("aud", [f"{BASE}/provider/system-access/v2/{A.id}"]),
    ("aud", BASE),
    ("aud", f"{BASE}/PROVIDER/system-access/v2/{A.id}"),
    ("exp", None),
    ("exp", NOW),
    ("exp", NOW - 1),
    ("exp", "9999999999"),
    ("exp", True),
    ("exp", -1),
    ("exp", 10**30),
    ("exp", NOW + 43201),
    ("exp", [NOW + 10]),
    ("exp", {}),
    ("iat", None),
    ("iat", "x"),
    ("iat", True),
    ("iat", -5),
    ("iat", NOW + 61),
    ("iat", NOW - 90_000),
    ("nbf", NOW + 61),
    ("nbf", "x"),
    ("nbf", False),
    ("jti", None),
    ("jti", ""),
    ("jti", 5),
    ("client_id", None),
    ("client_id", ""),
    ("client_id", {}),
    ("scope", None),
    ("scope", ["system/*.rs"]),
    ("scope", 1),
    ("tenant", None),
    ("tenant", B.id),
    ("tenant", ""),
    ("tenant", A.id.upper()),
    ("patient", ""),
    ("patient", 5),
    ("patient", ["p1"]),
    ("grant", 1),
    ("grant", ""),
    ("fhirUser", {}),
    ("fhirUser", ""),
]


@pytest.mark.parametrize(("name", "value"), MUTATIONS)
async def test_claims_changed_one_by_one(world, name, value):
    """OAUTH-16: well signed, and refused all the same."""
    made = await kit(world)
    made.claims[name] = value
    if value is None:
        del made.claims[name]
    with pytest.raises(LoginRequired):
        await world.verifier.verify(good(made), A, SYSTEM)


@pytest.mark.parametrize(("shown", "minted"), list(itertools.product(ALL, ALL)), ids=lambda one: one.name)
async def test_a_token_is_for_one_api(world, shown, minted):
    """AUTHZ-04: sixteen pairs; only the four with themselves pass."""
    client = "payer" if minted.side == "payer" else "secret"
    mint = world.token if minted.audience == "system" else world.patient_token
    answer = await mint(client_id=client)
    if shown is minted:
        assert (await world.verifier.verify(answer["access_token"], A, shown)).tenant == A.id
    else:
        with pytest.raises(LoginRequired):
            await world.verifier.verify(answer["access_token"], A, shown)


async def test_a_token_is_for_one_tenant(world):
    """AUTHZ-03: at another tenant's path it is nothing, whether it was seen before or not."""
    token = (await world.token())["access_token"]
    for _ in range(2):
        with pytest.raises(LoginRequired):
            await world.verifier.verify(token, B, SYSTEM)
        with pytest.raises(LoginRequired):
            await world.verifier.tell(token, B, issuers.V2)
        await world.verifier.verify(token, A, SYSTEM)


async def test_another_tenant_s_key_signs_nothing_here(world):
    """Tenant B's good key under A's claims."""
    await world.token(client_id="foreign", tenant=B)
    key = next(one for one in world.signing.kept.values() if one.tenant == B.number)
    made = await kit(world)
    token = jws(made.header | {"kid": key.kid}, made.claims, ECKey.import_key(key.private), "ES256")
    with pytest.raises(LoginRequired):
        await world.verifier.verify(token, A, SYSTEM)


async def test_time_is_looked_at_on_every_request(world):
    """Good until its last second, from memory too."""
    token = (await world.token())["access_token"]
    world.clock.pass_(seconds=3599)
    await world.verifier.verify(token, A, SYSTEM)
    world.clock.pass_(seconds=1)
    with pytest.raises(LoginRequired):
        await world.verifier.verify(token, A, SYSTEM)


@pytest.mark.parametrize("what", ["client:secret", "tenant:" + A.id, "jti", "kid"])
async def test_revocation_ends_a_remembered_token(world, what):
    """Client, tenant, token and key: whichever is taken back."""
    token = (await world.token())["access_token"]
    caller = await world.verifier.verify(token, A, SYSTEM)
    mark = {"jti": f"jti:{caller.jti}", "kid": f"kid:{caller.key}"}.get(what, what)
    await world.revoked.revoke(A.number, mark)
    with pytest.raises(LoginRequired):
        await world.verifier.verify(token, A, SYSTEM)


async def test_a_revoked_grant_ends_its_tokens(world):
    made = await kit(world)
    made.claims["grant"] = "g1"
    await world.verifier.verify(good(made), A, SYSTEM)
    await world.revoked.revoke(A.number, "grant:g1")
    with pytest.raises(LoginRequired):
        await world.verifier.verify(good(made), A, SYSTEM)


async def test_tokens_issued_after_a_revocation_live(world):
    await world.revoked.revoke(A.number, "client:secret")
    world.clock.pass_(seconds=2)
    assert await world.verifier.verify((await world.token())["access_token"], A, SYSTEM)


async def test_nothing_is_believed_on_old_revocations(world):
    """Decision 8: no re-read for four seconds is 503, for a remembered token as for any other."""
    token = (await world.token())["access_token"]
    await world.verifier.verify(token, A, SYSTEM)
    world.revoked.stale = True
    for shown in (token, "nonsense"):
        with pytest.raises(Unavailable):
            await world.verifier.verify(shown, A, SYSTEM)


async def test_memory_is_bounded_and_holds_no_token(world):
    """Least recently shown goes first; what is kept is a hash."""
    verifier = Verifier(BASE, world.keyring, world.revoked, world.clock, most=3)
    tokens = [(await world.token())["access_token"] for _ in range(5)]
    for token in (*tokens[:3], tokens[0], *tokens[3:]):
        await verifier.verify(token, A, SYSTEM)
    assert len(verifier._known) == 3
    assert all(len(mark) == 32 for mark in verifier._known)
    assert not any(token in repr(verifier) for token in tokens)


async def test_what_was_refused_is_not_remembered(world):
    made = await kit(world)
    for name in ("signed by a stranger", "kid a path", "crit exp"):
        with pytest.raises(LoginRequired):
            await world.verifier.verify(ATTACKS[name](made), A, SYSTEM)
    assert not world.verifier._known


async def test_unknown_kids_cost_one_look_a_second(world):
    """A flood of made-up kids does not reach the database."""
    made = await kit(world)
    world.watch.at += 2
    before = world.signing.reads
    for number in range(50):
        made.header["kid"] = str(number)
        with pytest.raises(LoginRequired):
            await world.verifier.verify(ATTACKS["signed by a stranger"](made), A, SYSTEM)
    assert world.signing.reads - before <= 1


async def test_a_retired_key_is_believed_as_long_as_its_tokens(world):
    """OAUTH-25: kept twelve hours after its last signature, and then no more."""
    world.change("secret", lifetime=43200)
    made = await kit(world)
    await world.keyring.rotate(A.number)
    world.clock.pass_(seconds=AHEAD.total_seconds() - 1)
    world.watch.at += 60
    last = (await world.token())["access_token"]
    assert opened(last)[0]["kid"] == made.header["kid"]
    world.clock.pass_(seconds=43199)
    world.watch.at += 60
    await world.verifier.verify(last, A, SYSTEM)
    world.clock.pass_(seconds=KEEP.total_seconds() - 43199 + 1)
    world.watch.at += 60
    forged = made.claims | {"iat": world.clock.seconds, "exp": world.clock.seconds + 60, "jti": "new"}
    with pytest.raises(LoginRequired):
        await world.verifier.verify(jws(made.header, forged, made.key, "ES256"), A, SYSTEM)


async def test_an_ended_key_signs_nothing_new(world):
    """A stolen key that was rotated away: a fresh token of it is refused before the key is forgotten."""
    made = await kit(world)
    await world.keyring.rotate(A.number)
    world.clock.pass_(seconds=AHEAD.total_seconds() + 120)
    world.watch.at += 60
    fresh = made.claims | {"iat": world.clock.seconds, "exp": world.clock.seconds + 60, "jti": "new"}
    with pytest.raises(LoginRequired):
        await world.verifier.verify(jws(made.header, fresh, made.key, "ES256"), A, SYSTEM)
    await world.verifier.verify(good(made), A, SYSTEM)


async def test_a_patient_token_says_its_patient(world):
    caller = await world.verifier.verify((await world.patient_token("p1"))["access_token"], A, PATIENT)
    assert caller.patient == "p1"
    assert {one.level for one in caller.scopes} == {"patient"}


async def test_the_answer_says_why_and_shows_nothing(world):
    """The documented words, a reason, and nothing of the token."""
    made = await kit(world)
    with pytest.raises(LoginRequired) as refused:
        await world.verifier.verify(ATTACKS["other claims"](made), A, SYSTEM)
    assert refused.value.message == "Invalid or missing authorization token: it is not one of ours."
