"""The public reference of the APIs: from the rows, for everybody, and every example of it runs (REG-04)."""

import httpx
import pytest

from careweft.access.labels import WORDS
from careweft.surfaces import ALL
from careweft.surfaces.changes import CHANGES, OFFERS, digest
from careweft.web.portal.reference import entries

from .desk import opened
from .visitors import text

PATIENT = {"resourceType": "Patient", "id": "ana", "name": [{"given": ["Ana"], "family": "Li"}]}


async def test_it_is_for_everybody_and_says_what_is_offered(database, tmp_path):
    """No sign-in, every API, every type, its scope and its parameters; for a tenant with its base URLs."""
    async with (
        opened(database, tmp_path) as desk,
        httpx.AsyncClient(transport=httpx.ASGITransport(desk.front), base_url=desk.house.settings.public_url) as web,
    ):
        index = await web.get("/developers/reference")
        assert index.status_code == 200
        assert "set-cookie" not in index.headers
        for api in ALL:
            assert api.name in index.text
            page = await web.get(f"/developers/reference/{api.id}?tenant={desk.tenant.id}")
            told = text(page.text)
            assert page.status_code == 200
            assert api.url(desk.house.settings.public_url, desk.tenant.id) in told
            for offer in api.offers:
                assert f'id="{offer.type}"' in page.text
                assert all(code in told for code in offer.params)
        assert (await web.get("/developers/reference/nothing")).status_code == 404
        changed = await web.get("/developers/reference/changelog")
        assert all(one.text in text(changed.text) for one in CHANGES)
        strange = await web.get(f"/developers/reference/{ALL[0].id}?tenant=%3Cscript%3E")
        assert (strange.status_code, "<script>" in strange.text) == (200, False)


def test_no_api_changes_in_silence():
    """Whoever changes what is offered writes what changed, and the digest beside it; the latest stands first."""
    assert digest(ALL) == OFFERS
    days = [one.day for one in CHANGES]
    assert days == sorted(days, reverse=True)
    assert {api for one in CHANGES for api in one.apis} <= {one.id for one in ALL}


@pytest.mark.parametrize("api", ALL, ids=lambda one: one.id)
async def test_every_example_runs(database, tmp_path, api):
    """With a token of the scope that stands beside it: 200, whatever it finds."""
    async with opened(database, tmp_path) as desk:
        await desk.load(PATIENT)
        scope = " ".join((f"{api.audience}/*.rs", *WORDS))
        wrong = []
        patient = "ana" if api.audience == "patient" else None
        async with desk.caller(scope, api.side, patient) as web:
            for entry in entries(api):
                for example in entry.examples:
                    answer = await web.request(example.method, example.path)
                    if answer.status_code != 200:
                        wrong.append((example.path, answer.status_code, answer.text[:200]))

        assert wrong == []
