"""Callers and surfaces for the tests of access, in few words."""

from careweft.access.caller import Caller
from careweft.access.scopes import Scope, read_all
from careweft.surfaces import find

TENANT = "43477c76-ceb6-47ed-81c8-1b7c0ae10ca6"
PATIENT, SYSTEM = find("provider", "patient"), find("provider", "system")


def scope(text: str) -> Scope:
    found = Scope.read(text)
    assert found is not None, text
    return found


def caller(scopes: str, patient: str | None = None, user: str | None = None) -> Caller:
    return Caller("app", TENANT, "", read_all(scopes), patient, user)


def of_p1(scopes: str) -> Caller:
    """A token of patient p1."""
    return caller(scopes, "p1")
