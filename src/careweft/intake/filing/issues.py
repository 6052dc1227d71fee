"""What is wrong with a record, as an OperationOutcome tells it: every fault at once, each with its place."""

from collections.abc import Sequence
from typing import Any

from ...fhir.outcomes import Unprocessable, issue, outcome

MOST = 100
"""Issues that one refusal tells."""

Issue = dict[str, Any]


class NotAccepted(Unprocessable):
    """The record is well formed, but its content cannot be accepted."""

    def __init__(self, issues: Sequence[Issue] = ()) -> None:
        self.issues = tuple(issues[:MOST])
        more = f", and {len(issues) - 1} more" if len(issues) > 1 else ""
        super().__init__(*(f"{place(one)}: {one['diagnostics']}{more}" for one in issues[:1]))

    def outcome(self) -> dict[str, Any]:
        """Every issue, in the order of the record."""
        return outcome(*self.issues) if self.issues else super().outcome()


def place(one: Issue) -> str:
    """Where an issue is: its first expression."""
    return str(next(iter(one.get("expression", ())), "the record"))


def wrong(path: str, code: str, told: str) -> Issue:
    """One fault: `code` of IssueType, `told` without anything of the record's content."""
    return issue("error", code, told) | {"expression": [path]}
