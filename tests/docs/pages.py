"""The documentation as its tests see it: pages, headings, links, blocks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.world import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language and its text."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(*found) for found in FENCE.findall(page.read_text())]


def prose(page: Path) -> str:
    """A page without its fenced blocks and code."""
    return re.sub(r"`[^`\n]*`", "``", FENCE.sub("", page.read_text()))


def headings(page: Path) -> list[str]:
    """What its headings say."""
    return re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What a link into this page may end with."""
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings(page)}


def links(page: Path) -> Iterator[str]:
    """Where its links lead."""
    yield from LINK.findall(prose(page))


def fits(expected: str, came: str) -> bool:
    """Is `came` what a page promises? `...` stands for anything, also for nothing and for many lines.

    >>> fits("client_id ...\\napproved yes\\n", "client_id abc\\napproved yes\\n")
    True
    """
    shape = ".*".join(map(re.escape, expected.rstrip().split("...")))
    return re.fullmatch(shape, came.rstrip(), re.DOTALL) is not None
