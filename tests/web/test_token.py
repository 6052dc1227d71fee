"""The token endpoint over HTTP: form alone, POST alone, nothing cached, one audit entry each."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from careweft.fhir.outcomes import Unavailable
from careweft.oauth.pace import Pace

from .twins import MAPLE, OAK, SECRET, World, base, world

pytestmark = pytest.mark.anyio
TOKEN = f"/auth/{MAPLE.id}/oauth2/v1/token"
GOOD = {"grant_type": "client_credentials", "scope": "system/*.rs"}


async def post(doors: World, data: Any = None, auth: Any = ("nightly", SECRET), path: str = TOKEN, **more: Any) -> Any:
    async with doors.client() as client:
        return await client.post(
            path, **({"data": data} if data is not None else {}), **({"auth": auth} if auth else {}), **more
        )


async def test_a_token_is_had_and_opens_the_door(doors):
    answer = await post(doors, GOOD)
    told = answer.json()
    async with doors.client(headers={"authorization": f"Bearer {told['access_token']}"}) as client:
        read = await client.get(f"{base()}/Patient/ana")

    assert (answer.status_code, read.status_code) == (200, 200)
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, "system/*.rs")
    assert [(one.action, one.status, one.client) for one in doors.journal.entries] == [
        ("token", 200, "nightly"),
        ("read", 200, "nightly"),
    ]
    assert doors.journal.entries[0].jti == doors.journal.entries[1].jti


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ({"data": GOOD, "auth": ("nightly", "wrong")}, 401, "invalid_client"),
        ({"data": GOOD, "auth": ("nobody", SECRET)}, 401, "invalid_client"),
        ({"data": GOOD, "auth": None}, 401, "invalid_client"),
        ({"data": GOOD | {"grant_type": "password"}}, 400, "unsupported_grant_type"),
        ({"data": GOOD | {"scope": "system/Nonsense.rs"}}, 400, "invalid_scope"),
        ({"data": {"grant_type": "client_credentials"}}, 400, "invalid_request"),
        (
            {"content": "grant_type=client_credentials&scope=a&scope=b", "headers": {"content-type": FORM}},
            400,
            "invalid_request",
        ),
        ({"json": GOOD}, 415, "invalid_request"),
        ({"content": b"grant_type=client_credentials"}, 415, "invalid_request"),
        ({"content": b"%zz", "headers": {"content-type": FORM}}, 400, "invalid_request"),
        ({"content": b"a=" + b"x" * 70_000, "headers": {"content-type": FORM}}, 413, "invalid_request"),
        (
            {"data": GOOD, "params": {"client_id": "nightly", "client_secret": SECRET}, "auth": None},
            400,
            "invalid_request",
        ),
        ({"data": GOOD, "path": TOKEN.replace(MAPLE.id, OAK)}, 404, "invalid_request"),
        ({"data": GOOD, "headers": {"authorization": "Bearer x"}, "auth": None}, 401, "invalid_client"),
    ],
)
async def test_refusals_speak_oauth_and_are_never_cached(doors, how, status, error):
    """OAUTH-08, OAUTH-09, OAUTH-10; each row: a request, its status and error."""
    answer = await post(doors, **how)

    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.json()["error_description"]
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert answer.headers["content-type"] == "application/json"
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert [(one.action, one.status) for one in doors.journal.entries] == [("token", status)]
    assert SECRET not in repr(doors.journal.entries) + answer.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_only_post(doors, method):
    async with doors.client() as client:
        answer = await client.request(method, TOKEN)

    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("fault", [Unavailable(), ConnectionResetError("canary")])
@pytest.mark.parametrize("auth", [("nightly", SECRET), ("nightly", "wrong")])
async def test_no_token_leaves_without_its_audit_entry(doors, fault, auth):
    doors.journal.down = fault
    answer = await post(doors, GOOD, auth)

    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert (answer.headers["cache-control"], "retry-after" in answer.headers) == ("no-store", True)
    assert "access_token" not in answer.text


ENDPOINTS = ["token", "par", "introspect", "revoke", "launch", "userinfo", "authorize"]


@dataclass
class Leased:
    """oauth.pace.Leases, with one try for each endpoint."""

    seen: set[str] = field(default_factory=set)

    async def lease(self, key, tries, limit, window, now):  # noqa: ARG002
        """One try in a window of 300 seconds."""
        first = key not in self.seen
        self.seen.add(key)
        return (1 if first else 0), now + window


@pytest.mark.parametrize("word", ENDPOINTS)
async def test_who_asks_too_often_is_told_to_wait(word):
    """OATK-15: 429 with Retry-After before anything is looked at, in the endpoint's own language, and on the record."""
    doors = world(pace=Pace(Leased(), 1))
    path = TOKEN.replace("/token", f"/{word}")
    first, second = [await post(doors, GOOD, path=path) for _ in range(2)]

    assert first.status_code != 429
    assert (second.status_code, second.headers["retry-after"]) == (429, "300")
    assert "no-store" in second.headers["cache-control"]
    assert "access_token" not in second.text
    if word == "authorize":
        assert "text/html" in second.headers["content-type"]
    else:
        assert second.json()["error"] == "temporarily_unavailable"
    assert [one.status for one in doors.journal.entries][-1] == 429
