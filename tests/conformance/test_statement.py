"""What a certification run reads off the CapabilityStatement: conformance.md section 8, 10.1.02 to 10.1.06."""

import pytest

from careweft import surfaces

from . import annex
from .conftest import Apis

CARIN = "http://hl7.org/fhir/us/carin-bb/CapabilityStatement/c4bb"
SERVER = "http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server"


@pytest.mark.parametrize("surface", [one.id for one in surfaces.ALL], ids=lambda one: one[9:-7])
def test_the_statement_says_what_is_certified(apis: Apis, surface: str) -> None:
    """Without a token: R4, JSON, all 42 profiles, US Core's server (and CARIN's on the payer side), every search."""
    api = apis[surface]
    answer = api.caller.ask(f"{api.base}/metadata")
    said = answer.json
    (rest,) = said["rest"]
    profiles = {url.partition("|")[0] for one in rest["resource"] for url in one.get("supportedProfile", ())}
    params = {(one["type"], param["name"]) for one in rest["resource"] for param in one.get("searchParam", ())}
    wanted = [*annex.us_core(), *(annex.blue_button() if api.surface.side == "payer" else ())]

    assert answer.status == 200
    assert said["resourceType"] == "CapabilityStatement"
    assert said["fhirVersion"] == "4.0.1"
    assert {"json", "application/json", "application/fhir+json"} & set(said["format"])
    assert {one.url for one in annex.profiles()} <= profiles
    assert {one.partition("|")[0] for one in said["instantiates"]} >= {SERVER} | (
        {CARIN} if api.surface.side == "payer" else set()
    )
    assert [
        (one.type, param)
        for one in wanted
        for find in (*one.finds, *one.also)
        for param in find.params
        if (one.type, param) not in params
    ] == []
