"""How well records keep to R4 and to the profiles that they claim: while they are loaded, and of a whole tenant."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from ..values import dataclass

if TYPE_CHECKING:  # loaded when the first resource is looked at
    from ..fhir.validate.issue import Issue
    from ..fhir.validate.presence import Presence
    from ..fhir.validate.validator import Validator

Resource = dict[str, Any]
Faults = Callable[[Resource], "Sequence[Issue]"]
"""The errors of a resource."""
Mode = Literal["off", "report", "refuse"]
MOST_KINDS = 1000
"""Kinds of issue that are counted apart; the rest is one kind. Records can err in endlessly many ways."""
OTHER = "further kinds of issue"
NAMED = 5
"""Records that are named for each kind."""


@dataclass(slots=True)
class Kind:
    """One kind of issue: how many there are, and where the first ones stand."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, where: str) -> None:
        """One more, which stands there."""
        self.count += 1
        if len(self.first) < NAMED and where not in self.first:
            self.first.append(where)


class Kinds(dict[str, Kind]):
    """Kinds of issue by what is said of them."""

    def add(self, issue: "Issue", where: str) -> None:
        """Count this issue of a record that stands there."""
        kind = issue.kind if issue.kind in self or len(self) < MOST_KINDS else OTHER
        if kind not in self:
            self[kind] = Kind()
        self[kind].add(where)

    def as_json(self) -> list[dict[str, Any]]:
        """The commonest first."""
        known = sorted(self.items(), key=lambda one: (-one[1].count, one[0]))
        return [{"issue": kind, "count": one.count, "first": one.first} for kind, one in known]


@dataclass(slots=True)
class Checked:
    """What a load's validation came to: records looked at, records with errors, and the kinds of these."""

    records: int = 0
    failing: int = 0
    kinds: Kinds = field(default_factory=Kinds)

    def add(self, faults: "Sequence[Issue]", where: str) -> None:
        """One record, which stands there, with its errors."""
        self.records += 1
        self.failing += bool(faults)
        for one in faults:
            self.kinds.add(one, where)

    def as_json(self) -> dict[str, Any]:
        """For a script."""
        return {"records": self.records, "failing": self.failing, "kinds": self.kinds.as_json()}


@dataclass(frozen=True, slots=True)
class Held:
    """To what a load holds records: `report` counts the errors of each, `refuse` keeps those with errors out."""

    mode: Mode
    faults: Faults


UNHELD = Held("off", lambda _: ())


def reason(faults: "Sequence[Issue]") -> str:
    """Why a record is refused, in a line."""
    first, more = faults[0], len(faults) - 1
    return f"{first.expression}: {first.text}".lstrip(": ") + (f", and {more} more" if more else "")


@dataclass(slots=True)
class Profile:
    """What a tenant's records of one profile come to."""

    presence: "Presence | None"
    records: int = 0
    failing: int = 0
    kinds: Kinds = field(default_factory=Kinds)


class Survey:
    """Looks at a tenant's records one by one; what it keeps does not grow with them.

    `expected` are profiles that are told also where no record claims them.
    """

    def __init__(self, validator: "Validator", expected: Iterable[str] = ()) -> None:
        self._validator = validator
        known = (validator.canonical(url) for url in expected)
        self.profiles = {url: self._profile(url) for url in known if url is not None}
        self.types: Counter[str] = Counter()

    def add(self, resource: Resource) -> None:
        """One record, by each profile that it claims, else by its type."""
        type_ = str(resource.get("resourceType"))
        self.types[type_] += 1
        for url in self._validator.claimed(resource) or [type_]:
            if url not in self.profiles:
                self.profiles[url] = self._profile(url)
            self._look(self.profiles[url], url, resource)

    def _profile(self, url: str) -> Profile:
        return Profile(self._validator.presence(url) if ":" in url else None)

    def _look(self, profile: Profile, url: str, resource: Resource) -> None:
        by = (url,) if ":" in url else ()
        faults = [one for one in self._validator.issues(resource, by, claims=False) if one.severity == "error"]
        profile.records += 1
        profile.failing += bool(faults)
        for one in faults:
            profile.kinds.add(one, f"{resource.get('resourceType')}/{resource.get('id')}")
        if profile.presence is not None:
            profile.presence.look(resource)

    def as_json(self) -> dict[str, Any]:
        """The report: of each profile, or of each type for records that claim none."""
        return {
            "records": self.types.total(),
            "failing": sum(one.failing for one in self.profiles.values()),
            "profiles": {url: told(one) for url, one in sorted(self.profiles.items())},
        }


def told(profile: Profile) -> dict[str, Any]:
    """One profile for a script."""
    missing = profile.presence.missing() if profile.presence is not None else []
    return {
        "records": profile.records,
        "failing": profile.failing,
        "issues": profile.kinds.as_json(),
        "must_support_never_seen": missing,
    }
