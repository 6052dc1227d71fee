"""An application asks that somebody be signed out: which links are followed, and to where (OATK-09, OAUTH-03)."""

from dataclasses import replace

import pytest

from careweft.oauth.authorize.refusals import ShownRefusal
from careweft.oauth.ending import Ending

from .flow import ANA, Flow, peopled
from .forge import ATTACKS
from .test_authorize import MUTATIONS
from .test_identity import kit
from .world import BASE, A, B

BYE = "https://app.example.org/bye"


@pytest.fixture
def world():
    made = peopled()
    for name in ("app", "phone"):
        made.clients.kept[1, name] = replace(made.clients.kept[1, name], logout_uris=(BYE, f"{BYE}?from=here"))
    return made


def ending(world):
    return Ending(BASE, world.clients, world.keyring)


async def hint(world):
    return (await Flow(world).tokens())["id_token"]


FOLLOWED = [
    # what is asked, beside the hint or not; where the browser goes
    ({"client_id": "app"}, None),
    ({"client_id": "app", "post_logout_redirect_uri": BYE}, BYE),
    ({"client_id": "app", "post_logout_redirect_uri": BYE, "state": "a&b=c d"}, f"{BYE}?state=a%26b%3Dc+d"),
    ({"post_logout_redirect_uri": f"{BYE}?from=here", "state": "x"}, f"{BYE}?from=here&state=x"),
    ({"post_logout_redirect_uri": "", "state": "x"}, None),
    ({"client_id": "app", "unknown": "1"}, None),
]


@pytest.mark.parametrize("days", [0, 30])
@pytest.mark.parametrize(("given", "back"), FOLLOWED)
async def test_a_good_link_leads_back(world, given, back, days):
    """The hint names the application and the person, also when it is long past its end."""
    token = await hint(world)
    world.clock.pass_(hours=days)
    asked = await ending(world).asked(A, [*given.items(), ("id_token_hint", token)])

    assert (asked.client.id, asked.account, asked.back) == ("app", ANA.id, back)


NOT_FOLLOWED = [
    [("post_logout_redirect_uri", BYE)],
    [("client_id", "nobody"), ("post_logout_redirect_uri", BYE)],
    [("client_id", "page"), ("post_logout_redirect_uri", BYE)],
    [("client_id", "app"), ("client_id", "app")],
    [("client_id", "app"), ("post_logout_redirect_uri", BYE), ("post_logout_redirect_uri", "https://evil.example")],
    [("client_id", "app"), ("state", "x" * 2001)],
]


@pytest.mark.parametrize("given", NOT_FOLLOWED)
async def test_a_bad_link_leads_nowhere(world, given):
    with pytest.raises(ShownRefusal) as refused:
        await ending(world).asked(A, given)
    assert "evil" not in refused.value.message


@pytest.mark.parametrize(
    "uri", [one.replace("/cb", "/bye") for one in MUTATIONS if one] + ["https://app.example.org/cb"]
)
async def test_the_address_is_the_registered_one_letter_by_letter(world, uri):
    """The mutations of OAUTH-03; the address of codes is another list."""
    with pytest.raises(ShownRefusal):
        await ending(world).asked(A, [("client_id", "app"), ("post_logout_redirect_uri", uri)])


@pytest.mark.parametrize("attack", [one for one in ATTACKS if one != "empty"])  # which is no hint
async def test_a_forged_hint_is_not_believed(world, attack):
    """OATK-01 to OATK-06: an ID token nobody signed says nothing of anybody."""
    token = ATTACKS[attack](await kit(world, "id_token"))
    with pytest.raises(ShownRefusal):
        await ending(world).asked(A, [("id_token_hint", token)])


async def test_a_hint_is_of_one_tenant_one_kind_and_one_application(world):
    """Another tenant's, an access token, one beside another client_id, and of an application that is switched off."""
    answer = await Flow(world).tokens()
    token = answer["id_token"]
    for tenant, given in (
        (B, [("id_token_hint", token)]),
        (A, [("id_token_hint", answer["access_token"])]),
        (A, [("id_token_hint", token), ("client_id", "phone")]),
    ):
        with pytest.raises(ShownRefusal):
            await ending(world).asked(tenant, given)
    world.clients.kept[1, "app"] = replace(world.clients.kept[1, "app"], enabled=False)
    with pytest.raises(ShownRefusal):
        await ending(world).asked(A, [("id_token_hint", token)])
