"""What a validator finds: https://hl7.org/fhir/R4/operationoutcome.html"""

from typing import Any

from ...values import dataclass
from .fhirpath import Env
from .fhirpath.values import Codes, Resolve

Where = tuple[Any, str, int | None]
"""Where a value stands: where its parent does, its name, and its place in a list. The root's is ROOT."""
ROOT: Where = (None, "", None)
MOST = 100
"""Issues told of one resource."""
QUOTED = 64
"""Characters of a code or a name that are quoted in words."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong: `code` is one of IssueType, `expression` the FHIRPath of the place, `text` says what was wanted
    and what came, `kind` the same without the place: issues of one kind are counted together.
    """

    severity: str
    code: str
    expression: str
    text: str
    kind: str

    def as_json(self) -> dict[str, Any]:
        """This as `OperationOutcome.issue`."""
        told: dict[str, Any] = {"severity": self.severity, "code": self.code, "diagnostics": self.text}
        return {**told, "expression": [self.expression]} if self.expression else told


class Enough(Exception):
    """More than MOST issues were found: the rest is not told."""


class Run:
    """One validation on its way: what was found so far, and what invariants may ask about."""

    __slots__ = ("env", "issues", "type")

    def __init__(self, resource: dict[str, Any], codes: Codes, resolve: Resolve | None = None) -> None:
        self.env = Env(resource, codes, resolve)
        self.issues: list[Issue] = []
        self.type = str(resource.get("resourceType"))

    def error(self, code: str, where: Where, text: str, severity: str = "error") -> None:
        """Note an issue. Raises Enough."""
        place, general = expression(where, self.type), expression(where, self.type, places=False)
        self.issues.append(Issue(severity, code, place, text, f"{general}: {text}"))
        if len(self.issues) >= MOST:
            raise Enough


def expression(where: Where, type_: str, *, places: bool = True) -> str:
    """The FHIRPath of a place.

    >>> expression(((ROOT, "name", 0), "given", 1), "Patient")
    'Patient.name[0].given[1]'
    """
    steps = []
    at: Any = where
    while at[0] is not None:
        steps.append(f"{at[1]}[{at[2]}]" if places and at[2] is not None else at[1])
        at = at[0]
    return ".".join([type_, *reversed(steps)])


def came(value: Any) -> str:
    """A value's JSON kind, in a word.

    >>> came([]), came({}), came("x"), came(True), came(None)
    ('a list', 'an object', 'a string', 'true or false', 'null')
    """
    if isinstance(value, str | list | dict):
        return {str: "a string", list: "a list", dict: "an object"}[type(value)]
    return "null" if value is None else "true or false" if isinstance(value, bool) else "a number"


def quoted(value: Any) -> str:
    """A code or a name as it may be shown: what looks like neither is only called what it is."""
    if isinstance(value, str) and value.isprintable() and len(value) <= QUOTED and " " not in value:
        return f"'{value}'"
    return came(value)
