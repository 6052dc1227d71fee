"""The documentation tells the truth: made pages are fresh, links lead somewhere, nothing that exists is left out."""

import re
import subprocess
import sys

import pytest

from careweft import cli, config
from careweft.surfaces import ALL
from tests.docs.pages import DOCS, PAGES, anchors, headings, links, prose
from tests.world import ROOT

REFERENCE = DOCS / "reference"
ADRS = sorted(DOCS.glob("adr/[0-9]*.md"))
KINDS = ("tutorial", "howto", "explanation", "reference", "adr")


def named(page):
    return str(page.relative_to(ROOT))


def test_reference_is_fresh():
    """docs/reference is what tools/make_reference.py makes of the tables and the code."""
    run = [sys.executable, str(ROOT / "tools" / "make_reference.py"), "--check"]

    assert subprocess.run(run, capture_output=True, text=True, check=False).stdout == ""


def test_every_setting_has_a_heading():
    assert {config.variable(name) for name in config.Settings.__dataclass_fields__} <= set(
        headings(REFERENCE / "settings.md")
    )


def test_every_command_has_a_heading():
    assert {" ".join(("careweft", *one.words)) for one in cli.commands()} <= set(
        headings(REFERENCE / "command-line.md")
    )


def test_every_type_has_a_heading():
    assert {offer.type for one in ALL for offer in one.offers} <= set(headings(REFERENCE / "resources.md"))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    """To a file of the repository and, where one is named, to a heading in it."""
    for link in links(page):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{named(page)} leads to {link}"
        assert not anchor or anchor in anchors(target), f"{named(page)} leads to {link}"


def test_every_page_is_in_the_index():
    """docs/README.md leads to each page, and docs/adr/README.md to each decision."""
    index = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    decisions = {(DOCS / "adr" / link).resolve() for link in links(DOCS / "adr" / "README.md")}

    assert {page for kind in KINDS for page in DOCS.glob(f"{kind}/*.md")} - set(ADRS) <= index
    assert set(ADRS) == {one for one in decisions if re.match(r"\d", one.name)}


def test_readme_names_a_file_for_each_clause_of_search():
    """Each file of the search rooms is in README's table of clauses, and each file in the table exists."""
    table = re.findall(r"\]\((src/careweft/[^)]+)\)", (ROOT / "README.md").read_text())
    search = ROOT / "src" / "careweft" / "fhir" / "search"
    without_clause = {"__init__.py", "context.py", "index.py", "offered.py", "query.py", "reader.py"}
    clauses = {named(one) for one in search.rglob("*.py") if one.name not in without_clause}

    assert all((ROOT / one).is_file() for one in table)
    assert clauses <= set(table)


def test_readme_pictures_every_room():
    """The house in one picture shows each room that is there."""
    picture = (ROOT / "README.md").read_text().split("## The house in one picture")[1].split("```")[1]
    source = ROOT / "src" / "careweft"
    rooms = {one.name for one in source.iterdir() if (one / "__init__.py").exists()} | {"app", "config"}

    assert {room for room in rooms if not re.search(rf"\b{room}\b", picture)} == set()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_has_one_title(page):
    """It begins with its only first-level heading."""
    text = re.sub(r"^<!--.*?-->\s*", "", page.read_text())

    assert text.startswith("# ")
    assert len(re.findall(r"^# ", prose(page), re.MULTILINE)) == 1
