"""What a load came to, for people and for scripts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import field
from typing import Any

from ..values import dataclass
from .conformance import Checked

SHOWN = 20
"""Kinds of issue that are told to a person."""
OUTCOMES = ("created", "updated", "unchanged", "deleted", "absent", "refused")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line, or an entry of the Bundle on that line, that was not taken."""

    file: str
    line: int
    reason: str
    entry: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" + (f" entry {self.entry}" if self.entry else "")
        return f"{place}: {self.reason}"


@dataclass(slots=True)
class Report:
    """Counts by type and outcome, each refused line, and the types that were kept although no API offers them."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    unoffered: Counter[str] = field(default_factory=Counter)
    checked: Checked | None = None
    """What validation came to, where it was asked for."""

    def add(self, type_: str, outcome: str) -> None:
        """Count one resource."""
        self.counts[type_ or "(unknown)", outcome] += 1

    def total(self, outcome: str) -> int:
        """How many came to this."""
        return sum(n for (_, had), n in self.counts.items() if had == outcome)

    def as_json(self) -> dict[str, Any]:
        """The report for a script."""
        types: dict[str, dict[str, int]] = {}
        for (type_, outcome), n in sorted(self.counts.items()):
            types.setdefault(type_, {})[outcome] = n
        return {
            **{outcome: self.total(outcome) for outcome in OUTCOMES},
            "types": types,
            "kept_but_offered_by_no_api": dict(sorted(self.unoffered.items())),
            **({"validation": self.checked.as_json()} if self.checked is not None else {}),
            "refusals": [
                {"file": r.file, "line": r.line, **({"entry": r.entry} if r.entry else {}), "reason": r.reason}
                for r in self.refused
            ],
        }

    def lines(self) -> Iterator[str]:
        """The report for a person, without the refusals."""
        shown = [o for o in OUTCOMES if self.total(o)]
        types = sorted({type_ for type_, _ in self.counts})
        width = max([len(t) for t in types] + [5])
        yield " ".join([" " * width, *(f"{o:>10}" for o in shown)])
        for type_ in types:
            yield " ".join([f"{type_:<{width}}", *(f"{self.counts[type_, o]:>10,}" for o in shown)])
        yield " ".join([f"{'total':<{width}}", *(f"{self.total(o):>10,}" for o in shown)])
        if self.unoffered:
            kept = ", ".join(f"{n:,} {t}" for t, n in sorted(self.unoffered.items()))
            yield f"kept, though no API offers the type yet: {kept}"
        if self.checked is not None:
            yield from self._validation(self.checked)

    @staticmethod
    def _validation(checked: Checked) -> Iterator[str]:
        yield f"validated: {checked.records:,}, with errors: {checked.failing:,}"
        known = checked.kinds.as_json()
        for one in known[:SHOWN]:
            yield f"{one['count']:>8,} x {one['issue']}; first at {one['first'][0]}"
        if len(known) > SHOWN:
            yield f"         and {len(known) - SHOWN:,} further kinds of issue (--json tells all)"
