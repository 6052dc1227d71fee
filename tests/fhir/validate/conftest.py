"""Validators of the tests: of base R4 alone, and of everything that ships."""

import pytest

from careweft.fhir.definitions import codes
from careweft.fhir.profiles.base import HL7, base
from careweft.fhir.validate import known
from careweft.fhir.validate.validator import Validator, World


@pytest.fixture(scope="session")
def base_r4() -> Validator:
    return Validator(World(lambda url: base(url.removeprefix(HL7)) if url.startswith(HL7) else None, codes))


@pytest.fixture(scope="session")
def us_core() -> Validator:
    return known.validator()
