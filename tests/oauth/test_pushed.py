"""Pushed authorization requests: OAUTH-31, OAUTH-13, RFC 9126."""

from dataclasses import replace

import pytest

from careweft.oauth.authorization import PAR_URN
from careweft.oauth.authorize.refusals import RedirectedRefusal, ShownRefusal
from careweft.oauth.errors import InvalidClient, InvalidRequest, InvalidScope, OAuthError, UnsupportedResponseType

from .flow import REDIRECT, Flow, app, asked, peopled
from .world import CONTEXT, SECRET, A, B, basic

PROOF = [("client_secret", SECRET)]


@pytest.fixture
def world():
    made = peopled()
    made.clients.kept[1, "pusher"] = replace(app("pusher"), require_par=True)
    return made


async def push(world, pairs=None, authorization=None, tenant=A, **changed):
    return await world.auth.pushing.answer(
        tenant, pairs if pairs is not None else [*asked(**changed), *PROOF], authorization, CONTEXT
    )


async def taken_up(world, name, client_id="app", tenant=A, **more):
    pairs = [("client_id", client_id), ("request_uri", name), *more.items()]
    return await world.auth.granting.begin(tenant, pairs, CONTEXT)


async def test_a_request_is_pushed_and_taken_up(world):
    """A name of 160 bits, good for a minute; what was pushed is what counts, and no secret is kept."""
    told = await push(world, nonce="n")
    assert told["expires_in"] == 60
    assert told["request_uri"].startswith(PAR_URN)
    assert len(told["request_uri"]) == len(PAR_URN) + 40
    request = await taken_up(world, told["request_uri"], scope="patient/*.cruds", redirect_uri="https://evil.example")
    assert (request.nonce, request.redirect_uri) == ("n", REDIRECT)
    assert "patient/*.cruds" not in request.scopes
    assert SECRET not in repr(world.requests.pushed)
    assert (world.spent.entries[-1].action, world.spent.entries[-1].client) == ("par", "app")


async def test_it_is_good_once(world):
    name = (await push(world))["request_uri"]
    assert await taken_up(world, name)
    with pytest.raises(ShownRefusal):
        await taken_up(world, name)


@pytest.mark.parametrize("how", ["late", "another client", "another tenant", "made up"])
async def test_and_nowhere_else(world, how):
    name = (await push(world))["request_uri"]
    world.clients.kept[2, "app"] = replace(app(), tenant=2)
    if how == "late":
        world.clock.pass_(seconds=60)
    with pytest.raises(ShownRefusal):
        await taken_up(
            world,
            name + "0" if how == "made up" else name,
            "pusher" if how == "another client" else "app",
            B if how == "another tenant" else A,
        )


async def test_a_name_that_is_none_is_not_passed_over(world):
    """Good parameters beside it do not stand in for what was pushed."""
    for name in (PAR_URN + "0" * 40, PAR_URN, "urn:x", "https://evil.example/request.jwt"):
        pairs = [*asked(), ("request_uri", name)]
        with pytest.raises((ShownRefusal, RedirectedRefusal)):
            await world.auth.granting.begin(A, pairs, CONTEXT)
    assert not world.requests.kept


async def test_some_have_to_push(world):
    told = await push(world, client_id="pusher")
    assert await taken_up(world, told["request_uri"], "pusher")


async def test_public_clients_push_by_their_name(world):
    told = await push(world, [*asked(client_id="phone")])
    assert await taken_up(world, told["request_uri"], "phone")


async def test_by_basic(world):
    assert await push(world, asked(), authorization=basic("app"))


REFUSED = {
    "no proof": (asked(), InvalidClient),
    "a wrong secret": ([*asked(), ("client_secret", "x")], InvalidClient),
    "nobody": ([*asked(client_id="nobody"), *PROOF], InvalidClient),
    "a secret twice": ([*asked(), *PROOF, *PROOF], InvalidRequest),
    "an unregistered address": ([*asked(redirect_uri=REDIRECT + "/"), *PROOF], InvalidRequest),
    "no PKCE": ([*asked(code_challenge=None), *PROOF], InvalidRequest),
    "a scope twice": ([*asked(), ("scope", "x"), *PROOF], InvalidRequest),
    "a request_uri": ([*asked(), ("request_uri", "urn:x"), *PROOF], InvalidRequest),
    "implicit": ([*asked(response_type="token"), *PROOF], UnsupportedResponseType),
    "no scope that counts": ([*asked(scope="system/*.rs"), *PROOF], InvalidScope),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_taken(world, name):
    """The same checks as at the authorization endpoint, told as JSON to who proved itself."""
    pairs, error = REFUSED[name]
    with pytest.raises(OAuthError) as refused:
        await push(world, pairs)
    assert type(refused.value) is error
    assert refused.value.entry.action == "par"
    assert not world.requests.pushed


async def test_the_person_goes_on_as_with_any_other(world):
    name = (await push(world))["request_uri"]
    flow = Flow(world)
    request = await taken_up(world, name)
    told = await flow.permit(await flow.step(request))
    assert (await flow.redeem(told["code"]))["patient"] == "ana"
