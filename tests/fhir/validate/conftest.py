"""Validators of the tests: of base R4, and of US Core as its official package says it."""

import pytest

from careweft.fhir.definitions import codes
from careweft.fhir.profiles.base import HL7, base
from careweft.fhir.validate.validator import Validator, World

from . import official


@pytest.fixture(scope="session")
def base_r4() -> Validator:
    return Validator(World(lambda url: base(url.partition("|")[0].removeprefix(HL7)), codes))


@pytest.fixture(scope="session")
def us_core() -> Validator:
    if not official.ORACLE.exists():
        pytest.skip("the official packages are not at hand")
    guide = official.Guide("hl7.fhir.us.core-6.1.0")
    return Validator(World(guide.snapshot, guide.codes))
