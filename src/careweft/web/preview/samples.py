"""The sample applications, a row each: what they are called, who uses them, what they ask for.

A row is also how `careweft demo` registers it. The browser application is static/diary.js; the other two are server.py.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ...values import dataclass

READS = ("Patient", "Observation", "Condition", "AllergyIntolerance", "MedicationRequest", "Immunization")


@dataclass(frozen=True, slots=True)
class Sample:
    """One application. `words` are what a standalone launch asks for beside `scopes`, `launched` what an EHR's does."""

    key: str
    name: str
    type: str
    platform: str
    auth: str
    scopes: tuple[str, ...]
    words: tuple[str, ...]
    launched: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        """Its page."""
        return f"/samples/{self.key}"

    @property
    def callback(self) -> str:
        """Where the authorization server sends the person back to."""
        return f"{self.home}/callback"

    @property
    def launch(self) -> str:
        """Where it is started, by its own page or by an EHR."""
        return f"{self.home}/launch"

    @property
    def registered(self) -> tuple[str, ...]:
        """Every scope that it may ever ask for."""
        return tuple(dict.fromkeys((*self.words, *self.launched, *self.scopes)))


SIGNED_IN = ("openid", "fhirUser", "profile", "offline_access")
DIARY = Sample(
    key="diary",
    name="Health Diary",
    type="patient",
    platform="browser",
    auth="none",
    scopes=tuple(f"patient/{one}.rs" for one in READS),
    words=("launch/patient", "openid", "fhirUser", "online_access"),
)
FOLDER = Sample(
    key="folder",
    name="Family Folder",
    type="patient",
    platform="web",
    auth="secret",
    scopes=("patient/*.rs", "sensitive/PSY"),
    words=("launch/patient", *SIGNED_IN),
    launched=("launch", *SIGNED_IN),
)
ROUNDS = Sample(
    key="rounds",
    name="Ward Rounds",
    type="practitioner",
    platform="web",
    auth="secret",
    scopes=tuple(f"user/{one}.rs" for one in (*READS, "Encounter")),
    words=("launch/patient", "launch/encounter", *SIGNED_IN),
    launched=("launch", *SIGNED_IN),
)
ALL: Mapping[str, Sample] = MappingProxyType({one.key: one for one in (DIARY, FOLDER, ROUNDS)})
