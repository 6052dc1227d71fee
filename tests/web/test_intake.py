"""`POST /intake/v1/{tenant}` on a running platform: who may bring what, and what the answer says."""

import gzip
import json
from dataclasses import dataclass, field

import httpx
import pytest

from tests.platform import MAPLE, Platform, installed

LINES = b"\n".join(
    [
        b'{"resourceType":"Patient","id":"ana","name":[{"family":"Quill"}]}',
        b'{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/ana"}}',
        b"{broken",
        b'{"resourceType":"Claim","id":"c1"}',
    ]
)
NDJSON = {"Content-Type": "application/fhir+ndjson"}
BOMB = gzip.compress(b" " * 50_000_000, mtime=0)


@dataclass(frozen=True)
class Feeder:
    """A served installation with a client for the intake."""

    platform: Platform
    url: str
    tokens: dict = field(default_factory=dict, repr=False)

    def token(self, access="intake", scope="system/*.cud"):
        """A token for `scope`, the same each time it is asked for."""
        if (access, scope) not in self.tokens:
            self.tokens[access, scope] = token(self.platform, access, scope)
        return self.tokens[access, scope]

    def post(self, body, headers=None, query="", token=None):
        bearer = {"Authorization": f"Bearer {token or self.token()}"}
        return httpx.post(self.url + query, content=body, headers={**bearer, **(headers or NDJSON)}, trust_env=False)


def token(platform, access, scope):
    """A new client's token for `scope`."""
    app = platform.json("app", "create", "--tenant", MAPLE, "--name", "feed", "--type", "system", "--access", access,
                        "--auth", "secret", "--scope", scope, "--approve")  # fmt: skip
    form = {"grant_type": "client_credentials", "scope": scope}
    who = (app["client_id"], app["client_secret"])
    return httpx.post(platform.token_url(), data=form, auth=who, trust_env=False).json()["access_token"]


@pytest.fixture(scope="module")
def feeder(module_database):
    with installed(module_database.server_url) as platform:
        platform.serve()
        platform.run("tenant", "create", "Maple", "--id", MAPLE)
        yield Feeder(platform, f"{platform.url}/intake/v1/{MAPLE}")


def test_each_line_is_answered_for(feeder):
    """Lines become records at once, the broken one is named by number, and the same body again changes nothing."""
    first, again = (
        feeder.post(LINES).json(),
        feeder.post(gzip.compress(LINES), {**NDJSON, "Content-Encoding": "gzip"}).json(),
    )

    assert (first["created"], first["unchanged"], first["refused"]) == (3, 0, 1)
    assert (again["created"], again["unchanged"], again["refused"]) == (0, 3, 1)
    assert [one["line"] for one in first["refusals"]] == [3]
    assert first["kept_but_offered_by_no_api"] == {"Claim": 1}
    assert (first["complete"], first["next_line"]) == (True, None)
    reader = feeder.token("provider", "system/*.rs")
    read = httpx.get(
        f"{feeder.platform.base('provider')}/Observation?patient=ana",
        headers={"Authorization": f"Bearer {reader}"},
        trust_env=False,
    )
    assert [one["resource"]["id"] for one in read.json()["entry"]] == ["o1"]


def test_from_goes_on_at_a_line(feeder):
    """`?from=4` takes the fourth line alone."""
    assert {"Claim"} == set(feeder.post(LINES, query="?from=4").json()["types"])


def test_a_bundle_is_taken(feeder):
    """A transaction Bundle as application/fhir+json, its references resolved, its deletion carried out."""
    condition = {"resourceType": "Condition", "id": "k", "subject": {"reference": "urn:uuid:1"}}
    patient = {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient"}, "request": {"method": "POST"}}
    entries = [
        patient,
        {"resource": condition, "request": {"method": "PUT", "url": "Condition/k"}},
        {"request": {"method": "DELETE", "url": "Claim/c1"}},
    ]
    bundle = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})

    told = feeder.post(bundle, {"Content-Type": "application/fhir+json"}).json()

    assert (told["created"], told["refused"]) == (2, 0)
    assert told["deleted"] + told["absent"] == 1


@pytest.mark.parametrize(
    ("access", "scope", "body", "headers", "query", "status"),
    [
        ("provider", "system/*.rs", LINES, NDJSON, "", 401),  # another API's token
        ("intake", "system/*.cud", LINES, {"Content-Type": "text/plain"}, "", 415),
        ("intake", "system/*.cud", LINES, NDJSON, "?from=x", 400),
        ("intake", "system/*.cud", LINES, NDJSON, "?since=1", 400),
        ("intake", "system/*.cud", b"no gzip", {**NDJSON, "Content-Encoding": "gzip"}, "", 400),
        ("intake", "system/*.cud", BOMB, {**NDJSON, "Content-Encoding": "gzip"}, "", 413),
    ],
)
def test_what_is_refused_whole(feeder, access, scope, body, headers, query, status):
    """Each row: a request that the intake does not take, and the status of its OperationOutcome."""
    answer = feeder.post(body, headers, query, feeder.token(access, scope))

    assert status == answer.status_code
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_scope_bounds_what_may_be_brought(feeder):
    """A feed for Observation alone: other types, and deletions without the letter d, are refused line by line."""
    narrow = feeder.token("intake", "system/Observation.cu")

    told = feeder.post(LINES, token=narrow).json()

    assert {1, 3, 4} == {one["line"] for one in told["refusals"]}
    assert told["types"]["Observation"].get("unchanged", 0) + told["types"]["Observation"].get("created", 0) == 1


def test_without_a_token_nothing_is_taken(feeder):
    """401, and nothing of the body is looked at."""
    assert httpx.post(feeder.url, content=LINES, headers=NDJSON, trust_env=False).status_code == 401
