"""The validator: resources in, issues out. https://hl7.org/fhir/R4/validation.html"""

from collections.abc import Iterable
from typing import Any

from ..definitions import RESOURCES
from .compiler import Compiler
from .discriminators import Codes, Snapshots
from .fhirpath import TooCostly
from .fhirpath.values import Resolve
from .issue import MOST, ROOT, Enough, Issue, Run


class Validator:
    """Holds resources to what R4 and profiles say. `snapshots` and `codes` are where those are had from."""

    __slots__ = ("_codes", "_compiler")

    def __init__(self, snapshots: Snapshots, codes: Codes) -> None:
        self._codes = codes
        self._compiler = Compiler(snapshots, codes)

    def issues(
        self, resource: dict[str, Any], profiles: Iterable[str] = (), resolve: Resolve | None = None
    ) -> list[Issue]:
        """What is wrong with this resource, by `profiles`, by those that it claims, else by its type.

        `resolve` gives what a literal reference leads to; without it a reference is believed. Profiles that are about
        another type, or that nobody knows, ask nothing.
        """
        if resource.get("resourceType") not in RESOURCES:
            return [Issue("error", "structure", "", NO_TYPE, NO_TYPE)]
        run = Run(resource, self._codes, resolve or in_bundle(resource))
        checks = self._compiler.claimed(resource, profiles)
        try:
            for check in checks:
                check(resource, ROOT, run)
        except Enough:
            more = f"more than {MOST} issues: the rest is not told"
            run.issues.append(Issue("error", "too-costly", "", more, more))
        except TooCostly:
            run.issues.append(Issue("error", "too-costly", run.type, COSTLY, COSTLY))
        return run.issues if len(checks) == 1 else list(dict.fromkeys(run.issues))

    def knows(self, url: str, type_: str) -> bool:
        """Is there a profile of this URL, about this type?"""
        return self._compiler.about(url, {"resourceType": type_}) is not None


NO_TYPE = "wants a resource of FHIR R4, with its resourceType"
COSTLY = "too large for its invariants: they would look at more values than are looked at for one resource"


def in_bundle(resource: dict[str, Any]) -> Resolve | None:
    """Within a Bundle, what its entries are called; else None."""
    entries = resource.get("entry") if resource.get("resourceType") == "Bundle" else None
    if not isinstance(entries, list):
        return None
    known: dict[str, dict[str, Any]] = {}
    for one in entries:
        inside = one.get("resource") if isinstance(one, dict) else None
        if isinstance(inside, dict):
            for name in (one.get("fullUrl"), f"{inside.get('resourceType')}/{inside.get('id')}"):
                if isinstance(name, str):
                    known.setdefault(name, inside)
    return known.get
