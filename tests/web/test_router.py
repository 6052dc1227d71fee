"""Paths: each is spelled one way and leads to one row (AUTHZ-05, GEN-03)."""

from typing import Any

import pytest

from careweft import surfaces
from careweft.fhir.outcomes import FhirRefusal, NotFound
from careweft.web.exchange import Reply, Request
from careweft.web.route import Cors, Ops, Public, Right, Route, Unguarded
from careweft.web.router import Router, allow, spelled

from .twins import MAPLE

TENANT = MAPLE.id


async def answer(_: Request) -> Reply:
    return Reply(200, [])


def row(path: str, *methods: str, policy: Any = Public()) -> Route:
    return Route(methods or ("GET",), path, policy, answer, path, "", cors=Cors.NONE)


ROUTER = Router(
    [
        row("/a/{tenant}/Patient/{id}"),
        row("/a/{tenant}/Patient/{id}/_history/{vid}"),
        row("/a/{tenant}/Patient"),
        row("/a/{tenant}/Patient/_search", "POST"),
        row("/healthz"),
    ]
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"/a/{TENANT}/Patient", {"tenant": TENANT}),
        (f"/a/{TENANT}/Patient/p-1.x", {"tenant": TENANT, "id": "p-1.x"}),
        (f"/a/{TENANT}/Patient/p/_history/12", {"tenant": TENANT, "id": "p", "vid": "12"}),
        (f"/a/{TENANT}/Patient/_search", {"tenant": TENANT}),
        ("/healthz", {}),
        (f"/a/{TENANT.upper()}/Patient", None),
        (f"/a/{TENANT}/Patient/", None),
        (f"/a/{TENANT}/patient", None),
        (f"/a/{TENANT}/Patient/p/", None),
        (f"/a/{TENANT}//Patient", None),
        (f"//a/{TENANT}/Patient", None),
        (f"/a/{TENANT};b=1/Patient", None),
        (f"/a/{TENANT}/Patient;x", None),
        (f"/a/{TENANT}/./Patient", None),
        (f"/a/{TENANT}/x/../Patient", None),
        (f"/a/{TENANT}/Patient/p_1", None),
        (f"/a/{TENANT}/Patient/{'x' * 65}", None),
        (f"/a/{TENANT}/Patient/p/_history/0", None),
        (f"/a/{TENANT}/Patient/p/_history/1234567890", None),
        (f"/a/{TENANT}/Patient/p\n", None),
        (f"/a/{TENANT}", None),
        ("/a", None),
        ("/", None),
        ("", None),
        ("/healthz/", None),
    ],
)
def test_a_path_leads_to_one_place_or_none(path, found):
    """Each row: a decoded path, and the placeholders it fills in; None where it leads nowhere."""
    if found is None:
        with pytest.raises(NotFound):
            ROUTER.find(path)
    else:
        assert ROUTER.find(path)[1] == found
        assert ROUTER.find(path)[1] == found, "the second time is remembered"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/Patient/1", "/Patient/1"),
        (b"/%50atient/%70-1", "/Patient/p-1"),
        (b"/Group/1/%24export", "/Group/1/$export"),
        (b"/Patient/%5Fsearch", "/Patient/_search"),
        (b"/a/%2e%2e/b", None),
        (b"/a/%2E/b", None),
        (b"/a%2fb", None),
        (b"/a%5cb", None),
        (b"/a%3bb", None),
        (b"/a%00", None),
        (b"/a%0d%0aset-cookie:x", None),
        (b"/a%25%32%65", None),
        (b"/a%2", None),
        (b"/a%zz", None),
        (b"/a%", None),
        (b"/%c3%a9", None),
        (b"/\xc3\xa9", None),
        (b"/a%C0%AFb", None),
        (b"*", None),
        (b"healthz", None),
        (b"", None),
    ],
)
def test_a_path_is_decoded_once_and_strictly(raw, path):
    """Each row: the bytes of a request line, and the path they spell; None is refused."""
    if path is None:
        with pytest.raises(FhirRefusal) as refusal:
            spelled(raw)
        assert refusal.value.status == 400
    else:
        assert spelled(raw) == path


@pytest.mark.parametrize(
    "rows",
    [
        [row("/a", policy=None)],
        [row("/a", policy="public")],
        [row("/a", policy=Right(surfaces.ALL[0], "Patient", "read"))],
        [row("/{tenant}", policy=Right(surfaces.ALL[0], "", "read"))],
        [row("/a"), row("/a", policy=Ops())],
        [row("/a/{id}"), row("/a/{vid}/x")],
    ],
)
def test_a_row_without_a_policy_or_twice_does_not_start(rows):
    """GEN-03: no policy, no type, no tenant beside a right, two rows for one path."""
    with pytest.raises(Unguarded):
        Router(rows)


def test_allow_names_what_a_path_takes():
    assert allow(ROUTER.find("/healthz")[0]) == "GET, HEAD, OPTIONS"
    assert allow(ROUTER.find(f"/a/{TENANT}/Patient/_search")[0]) == "OPTIONS, POST"
