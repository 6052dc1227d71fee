"""How a search is run, told to an operator: the path that was chosen, and PostgreSQL's plan without what was asked.

No value of the search and nothing of a record is told: nodes, tables, indexes and figures alone.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..values import dataclass
from .compile import Statement
from .pool import Pool

DEPTH = "  "


@dataclass(frozen=True, slots=True)
class Node:
    """One step of the plan: what it does, on which table or by which index, the rows that were planned; and, if the
    search was run, the rows that came and the milliseconds until they all had, over all its loops.
    """

    step: str
    on: str
    planned: int
    came: int | None = None
    ms: float | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """`path` is the access path of docs/explanation/search.md; `ms` and `blocks` (read or found in memory) if run."""

    path: str
    nodes: tuple[Node, ...]
    ms: float | None = None
    blocks: int | None = None

    @property
    def indexes(self) -> tuple[str, ...]:
        """The indexes that are used, each once."""
        return tuple(dict.fromkeys(one.on for one in self.nodes if "Index" in one.step))


async def explain(pool: Pool, statement: Statement, *, run: bool) -> Explained:
    """The plan of a statement; with `run` it is executed, and what came is thrown away. Raises Unavailable."""
    options = "format json, analyze, buffers" if run else "format json"
    rows = await pool.fetch(f"explain ({options}) {statement.sql}", *statement.args)
    (told,) = json.loads(rows[0][0])
    plan = told["Plan"]
    blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] if run else None
    return Explained(statement.path, tuple(_nodes(plan, 0)), told.get("Execution Time"), blocks)


def _nodes(plan: Mapping[str, Any], depth: int) -> Iterator[Node]:
    loops = plan.get("Actual Loops", 0)
    ran = "Actual Rows" in plan
    yield Node(
        DEPTH * depth + plan["Node Type"],
        plan.get("Index Name") or plan.get("Function Name") or plan.get("Relation Name") or plan.get("CTE Name") or "",
        int(plan["Plan Rows"]),
        round(plan["Actual Rows"] * loops) if ran else None,
        round(plan["Actual Total Time"] * loops, 2) if ran else None,
    )
    for child in plan.get("Plans", ()):
        yield from _nodes(child, depth + 1)
