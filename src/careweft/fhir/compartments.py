"""Whose compartment a resource lies in: https://hl7.org/fhir/R4/compartmentdefinition-patient.html

The parameters that HL7 names all follow plain element paths to References, so they are read as paths and walked.
Who may see what lies in a compartment is not decided here but in `access.reach`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from .definitions import COMPARTMENT, SEARCH

_PATIENT = re.compile(r"Patient/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?")
_RESOLVED = ".where(resolve() is Patient)"


def members(resource: dict[str, Any]) -> tuple[str, ...]:
    """The ids of the patients in whose compartment this resource lies, in the order found, each once.

    Only relative references count (`Patient/ana`, `Patient/ana/_history/2`): who is kept elsewhere has no compartment
    here.
    A Patient lies in its own, whatever it links to.
    """
    type_ = resource.get("resourceType")
    if type_ == "Patient":
        return _self(resource)
    return _patients(resource, _compartment(type_)) if isinstance(type_, str) else ()


def subject(resource: dict[str, Any]) -> str | None:
    """The id of the patient that the type's `patient` parameter names, or its `subject` parameter; None without one.

    >>> subject({"resourceType": "Device", "patient": {"reference": "Patient/ana"}})
    'ana'
    """
    type_ = resource.get("resourceType")
    if type_ == "Patient":
        return next(iter(_self(resource)), None)
    return next(iter(_patients(resource, _own(type_))), None) if isinstance(type_, str) else None


def naming(type_: str) -> str | None:
    """The parameter by which a type names the patient that its resources are about, None where it has none.

    >>> naming("Condition"), naming("Organization")
    ('patient', None)
    """
    return next((code for code in ("patient", "subject") if code in SEARCH.get(type_, {})), None)


def _self(patient: dict[str, Any]) -> tuple[str, ...]:
    id_ = patient.get("id")
    return (id_,) if isinstance(id_, str) else ()


@lru_cache(256)  # types come from outside
def _compartment(type_: str) -> tuple[tuple[str, ...], ...]:
    """The element paths that put a resource of this type into a patient's compartment."""
    return _paths(type_, COMPARTMENT.get(type_, ()))


@lru_cache(256)  # types come from outside
def _own(type_: str) -> tuple[tuple[str, ...], ...]:
    """The element paths that name the patient a resource of this type is about."""
    code = naming(type_)
    return _paths(type_, [code] if code else [])


def _paths(type_: str, codes: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    expressions = [SEARCH[type_][code].expression for code in codes]
    wanted = [part.strip().removesuffix(_RESOLVED) for one in expressions for part in one.split("|")]
    for path in wanted:
        if not re.fullmatch(rf"{type_}(\.[a-z]\w*)+", path):
            raise ValueError(f"the compartment wants a plain path such as {type_}.subject, not {path}")
    return tuple(dict.fromkeys(tuple(path.split(".")[1:]) for path in wanted))


def _patients(resource: dict[str, Any], paths: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    found: list[str] = []
    for path in paths:
        if path[0] in resource:
            _collect(resource[path[0]], path[1:], found)
    return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))


def _collect(value: Any, path: tuple[str, ...], found: list[str]) -> None:
    """Add the id of each patient that References at this path name; whatever has another shape is passed over."""
    for one in value if type(value) is list else (value,):
        if type(one) is not dict:
            continue
        if path:
            _collect(one.get(path[0]), path[1:], found)
        elif type(reference := one.get("reference")) is str and (named := _named(reference)) is not None:
            found.append(named)


@lru_cache(maxsize=16384)  # the records that come together name few patients
def _named(reference: str) -> str | None:
    """The id of the patient that this reference leads to, if to any."""
    found = _PATIENT.fullmatch(reference)
    return found[1] if found else None
