"""The validator of what ships with careweft: R4 and the guides in `fhir/profiles`."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # loaded when the first resource is looked at, which a start does not wait for
    from .issue import Issue
    from .validator import Validator, World


@cache
def validator() -> "Validator":
    """The one validator of this process; what it compiles, it compiles at first use."""
    from ..profiles.guides import CARIN_BB, US_CORE_3, US_CORE_6  # noqa: PLC0415
    from .validator import Validator  # noqa: PLC0415

    return Validator(*map(world, (US_CORE_6, CARIN_BB, US_CORE_3)))


def world(name: str) -> "World":
    """A guide by its name: its own profiles and extensions, and the extensions of R4."""
    from ..profiles.guides import R4, guide  # noqa: PLC0415
    from .validator import World  # noqa: PLC0415

    known = guide(name)
    return World(known.snapshot, known.codes, frozenset((*known.own, *guide(R4).own)))


def kept(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource as it will be shown: version and time are the server's to give, and some profiles demand them.

    >>> kept({"meta": {"source": "a", "versionId": "mine"}})["meta"]["source"]
    'a'
    """
    meta = resource.get("meta", {})
    return resource if not isinstance(meta, dict) else {**resource, "meta": {**meta, **GIVEN}}


GIVEN = {"versionId": "1", "lastUpdated": "2000-01-01T00:00:00.000Z"}


def accepts(resource: dict[str, Any], profiles: Iterable[str] = ()) -> "list[Issue]":
    """The errors of a resource that is to be kept: by `profiles`, by those that it claims, else by its type.

    >>> [one.text for one in accepts({"resourceType": "Patient", "gender": "cat"})]
    ["wants a code of the value set http://hl7.org/fhir/ValueSet/administrative-gender, not 'cat'"]
    """
    return [one for one in validator().issues(kept(resource), profiles) if one.severity == "error"]


def refusals(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The same as `OperationOutcome.issue`s: what keeps a resource from being filed."""
    return [one.as_json() for one in accepts(resource)]
