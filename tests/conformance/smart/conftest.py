"""The clinic, and the launches that several sections look at; nobody takes them back."""

from collections.abc import Iterator

import pytest

from tests.conformance.conftest import Served

from .clinic import Clinic, Json, Launch, grant, opened, scope_of

Granted = tuple[Launch, Json]


@pytest.fixture(scope="session")
def clinic(served: Served) -> Iterator[Clinic]:
    """People with logins, and the applications of the test kit."""
    with opened(served.at, served.cast) as found:
        yield found


@pytest.fixture(scope="session")
def standalone(clinic: Clinic) -> Granted:
    """1.4: the patient lets the confidential application have everything it asks for."""
    return grant(clinic, "confidential", scope_of("patient"))


@pytest.fixture(scope="session")
def from_ehr(clinic: Clinic) -> Granted:
    """3.4: the EHR opens the practitioner's application about a patient and an encounter; authorized by POST."""
    encounter = clinic.cast.seen("Encounter", clinic.patient)[0]["id"]
    told = clinic.launch_handle("ehr-opened", clinic.patient, encounter)
    return grant(
        clinic, "ehr-opened", scope_of("user", launch=True), who="doctor", more={"launch": told["launch"]}, post=True
    )
