"""Finds the row for a path: segment by segment in dictionaries, on the raw path, percent-decoded once (AUTHZ-05)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from ..fhir.outcomes import FhirRefusal, MethodNotAllowed, NotFound
from .exchange import Request
from .route import Route, Unguarded, checked

SEGMENTS = {
    "tenant": re.compile(r"platform|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "id": re.compile(r"[A-Za-z0-9.\-]{1,64}"),
    "vid": re.compile(r"[1-9][0-9]{0,8}"),
    "name": re.compile(r"[a-z0-9-]{1,64}\.[a-z0-9]{1,8}"),
}
"""What a placeholder takes: https://hl7.org/fhir/R4/datatypes.html#id, versions, UUIDs or `platform`, our files."""

MOST_HEADS = 10_000
NOWHERE = "No resource type or operation of this server has this path."
_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_DECODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_MAY_BE_ENCODED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~$")
"""Not the dot, the slash or the semicolon: those change where a path leads when somebody decodes them twice."""


class BadPath(FhirRefusal):
    """This path is not spelled as a path of this server."""


@dataclass(slots=True)
class _Node:
    """One segment: what may follow it by name, what may follow it by shape, and the rows that end here."""

    fixed: "dict[str, _Node]" = field(default_factory=dict)
    name: str = ""
    shape: "re.Pattern[str] | None" = None
    open: "_Node | None" = None
    rows: dict[str, Route] = field(default_factory=dict)

    def step(self, segment: str) -> "tuple[_Node, dict[str, str]]":
        """Where this segment leads, and what it fills in; `NotFound` where it leads nowhere."""
        following = self.fixed.get(segment)
        if following is not None:
            return following, {}
        if self.open is None or self.shape is None or not self.shape.fullmatch(segment):
            raise NotFound(NOWHERE)
        return self.open, {self.name: segment}


class Router:
    """The compiled table."""

    __slots__ = ("_heads", "_root")

    def __init__(self, rows: Iterable[Route]) -> None:
        """Compile; raise `Unguarded` for a row without a policy or two rows for one method and path."""
        self._root = _Node()
        self._heads: dict[str, tuple[_Node, dict[str, str]]] = {}
        for row in rows:
            self._add(checked(row))

    def _add(self, row: Route) -> None:
        node = self._root
        for segment in row.path[1:].split("/"):
            node = _open(node, segment[1:-1]) if segment[:1] == "{" else node.fixed.setdefault(segment, _Node())
        for method in row.methods:
            if method in node.rows:
                raise Unguarded(f"{method} {row.path} has two rows")
            node.rows[method] = row

    def find(self, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        """The rows at this path by method, and the values of its placeholders; `NotFound` where there are none."""
        head, _, last = path.rpartition("/")
        node, args = self._heads.get(head) or self._walked(head)
        if last in node.fixed:
            rows = node.fixed[last].rows
        else:
            node, named = node.step(last)
            rows, args = node.rows, {**args, **named}
        if not rows:
            raise NotFound(NOWHERE)
        return rows, args

    def _walked(self, head: str) -> tuple[_Node, dict[str, str]]:
        """Where all segments but the last lead, remembered: many requests differ in their last segment alone."""
        node = self._root
        args: dict[str, str] = {}
        for segment in head[1:].split("/") if head else ():
            node, named = node.step(segment)
            args |= named
        if len(self._heads) >= MOST_HEADS:
            self._heads.clear()
        self._heads[head] = node, args
        return node, args


def _open(node: _Node, name: str) -> _Node:
    if node.open is None:
        node.name, node.shape, node.open = name, SEGMENTS[name], _Node()
    elif node.name != name:
        raise Unguarded(f"one place cannot be both {{{node.name}}} and {{{name}}}")
    return node.open


def choose(rows: dict[str, Route], request: Request) -> Route:
    """The row of this method (HEAD is GET without the body: RFC 9110 9.3.2).

    `MethodNotAllowed` where there is none; the request then has the row of another method, whose words refusals take.
    """
    row = rows.get("GET" if request.method == "HEAD" else request.method)
    if row is None:
        request.route, request.allow = next(iter(rows.values())), allow(rows)
        raise MethodNotAllowed(f"This path takes {request.allow}.")
    return row


def allow(rows: dict[str, Route]) -> str:
    """The value of `Allow` for these rows: RFC 9110 10.2.1."""
    return ", ".join(sorted({*rows, "OPTIONS", *(["HEAD"] if "GET" in rows else [])}))


def spelled(raw: bytes) -> str:
    """The path, decoded once. `BadPath` for what only a confused or hostile client sends.

    >>> spelled(b"/Patient/%70-1"), spelled(b"/Group/1/%24export")
    ('/Patient/p-1', '/Group/1/$export')
    """
    if b"%" in raw or raw[:1] != b"/":
        if raw[:1] != b"/":
            raise BadPath("A path begins with a slash.")
        if _PERCENT.search(raw) or any(int(two, 16) not in _MAY_BE_ENCODED for two in _DECODED.findall(raw)):
            raise BadPath("A path may only percent-encode letters, digits, '-', '_', '~' and '$'.")
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        raise BadPath("A path is written in ASCII.") from None
