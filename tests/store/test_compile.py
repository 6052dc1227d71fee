"""Searches to SQL: values are bound, every bound value is used, and the path follows from what is asked."""

import re
from dataclasses import dataclass, replace
from random import Random

import pytest

from careweft.access.reach import How, Narrowed, Way
from careweft.access.sight import Lead, Sight
from careweft.fhir.definitions import SEARCH
from careweft.fhir.search.kinds import KINDS
from careweft.fhir.search.parse import Offers, parse
from careweft.fhir.search.query import AnyOf, Display, Ref, Sort, Text, Token
from careweft.fhir.search.query import Test as Asked
from careweft.fhir.search.sort import sortable
from careweft.ports.records import Place
from careweft.store.compile import Known as Tenant
from careweft.store.compile import every, page, referring
from careweft.store.hashes import Hashes
from careweft.store.sorting import effective
from tests.fhir.chains import LINKS, OFFERS, chained
from tests.fhir.strategies import CONTEXT, TYPICAL, search
from tests.store.shelf import about, code, everything, of, one, reach
from tests.store.shelf import search as query_

HASHES = Hashes(b"k" * 32)
PARENT = Sight(frozenset({"7", "8"}))
CLINIC = Sight(leads=(Lead("Patient", "organization", ("Organization/east",)),))
NURSE = Sight(frozenset({"7"}), (Lead("CareTeam", "participant", ("Practitioner/y",)),))
"""Two patients; sixty of them; too many to be listed."""


def seen_by(type_, sight, where=()):
    how = How.TARGET if type_ == "Provenance" else How.COMPARTMENT
    return reach(type_, Way("user", how, None, tuple(where), sight))


EVIL = "x'); drop table body; --"


@dataclass
class Known:
    """A database in which every token is held by so many of its rows."""

    rows: float = 0.0
    each: float = 0.0
    start: int = 1000

    def of(self, tokens):
        return self.each * len(tokens)

    def common(self, rows):
        return (7,) if self.each > rows else ()


def compiled(query, reached=None, after=None, estimate=Known()):
    known = Tenant(1, HASHES, estimate, {PARENT: [1, 2], CLINIC: list(range(60))})
    return page(Narrowed(query, reached or everything(query.type)), known, after, query.count + 1)


@pytest.mark.parametrize("type_", TYPICAL)
def test_every_value_is_bound_and_every_bound_value_is_used(type_):
    """For random searches, orders, places and reaches: $1..$n stand in the text, and none of the values does."""
    random = Random(f"compile {type_}")
    offered = Offers([param.code for param in SEARCH[type_].values() if param.kind in KINDS])
    for _ in range(60):
        query = parse(type_, offered, search(type_, random), CONTEXT).query
        keys = dict.fromkeys(random.choices(sortable(type_), k=random.choice((0, 1, 2, 3))))
        query = replace(query, sort=tuple(Sort(one, random.random() < 0.5) for one in keys))
        where = parse(type_, offered, search(type_, random), CONTEXT).query.where
        reached = random.choice(
            (
                None,
                of("7", type_),
                of("7", type_, where=where),
                reach(type_, Way("user", How.SHARED, None, where)),
                seen_by(type_, random.choice((PARENT, CLINIC, NURSE)), where),
            )
        )
        place = Place(tuple(_value(type_, one, random) for one in keys) or ("2024-05-17T09:30:00+00:00",), 5, 9)
        place = replace(place, keys=place.keys[: len(effective(query)) or 1])
        statement = compiled(query, reached, random.choice((None, place)), random.choice((Known(), Known(1e6, 1e5))))
        assert {int(number) for number in re.findall(r"\$(\d+)", statement.sql)} == set(
            range(1, len(statement.args) + 1)
        )
        assert "'" not in statement.sql.replace("'-infinity'", "")


def _value(type_, key, random):
    """A key as a link may hold it."""
    if key in ("_id", "_lastUpdated") or key == sortable(type_)[0]:
        return "7" if key == "_id" else random.choice(("2024-05-17T09:30:00+00:00", "0001-01-01T00:00:00+00:00"))
    kind = SEARCH[type_][key].kind
    return random.choice((None, {"date": "2024-05-17 09:30:00+00", "string": "ann"}.get(kind, "7.50")))


@pytest.mark.parametrize(
    "group",
    [one("name", Text(EVIL), how) for how in ("starts", "exact", "contains")]
    + [
        code("identifier", EVIL, EVIL),
        code("_id", EVIL),
        one("identifier", Display(EVIL), "text"),
        one("general-practitioner", Ref("Practitioner", EVIL)),
    ],
)
def test_no_value_stands_in_the_text(group):
    """The text is the same whatever is asked, so nothing that is asked can change what it does."""
    (test,) = group.tests
    statement = compiled(query_("Patient", group))
    mild = replace(
        test.value,
        **{name: "a" for name in ("text", "code", "system", "id") if isinstance(getattr(test.value, name, None), str)},
    )
    assert statement.sql == compiled(query_("Patient", AnyOf((replace(test, value=mild),)))).sql
    assert "drop" not in statement.sql


@pytest.mark.parametrize(
    ("query", "reached", "path"),
    [
        (query_("Observation"), of("7", "Observation"), "patient"),
        (query_("Observation", about("7")), None, "patient"),
        (query_("Observation", about("7", "subject")), None, "patient"),
        (
            query_(
                "Observation",
                AnyOf((Asked("patient", Ref("Patient", "7"), "is"), Asked("patient", Ref("Patient", "8"), "is"))),
            ),
            None,
            "token",
        ),
        (query_("Observation", AnyOf((Asked("patient", Ref("Patient", "7"), "is"),), negated=True)), None, "walk"),
        (query_("Group", about("7", "member")), None, "token"),
        (query_("Provenance"), of("7", "Provenance", How.TARGET), "token"),
        (query_("Patient", code("identifier", "M1")), None, "token"),
        (query_("Patient", code("_id", "1")), None, "rows"),
        (query_("Patient", AnyOf((Asked("_id", Token(None, "1"), "is"),), negated=True)), None, "walk"),
        (query_("Patient", one("name", Text("lee"), "starts")), None, "rows"),
        (query_("Patient", one("name", Text("lee"), "exact")), None, "token"),
        (query_("Patient"), None, "walk"),
    ],
)
def test_the_path_follows_from_what_is_asked(query, reached, path):
    assert compiled(query, reached).path == path


@pytest.mark.parametrize(
    ("rows", "each", "path"), [(0, 0, "token"), (1e6, 100, "token"), (1e6, 9_000, "token"), (1e6, 11_000, "walk")]
)
def test_a_token_is_looked_up_as_long_as_it_is_rare(rows, each, path):
    """Below the root of count * rows the index is cheaper than a walk until the page is full."""
    assert compiled(query_("Observation", code("code", "c")), estimate=Known(rows, each)).path == path


def test_nothing_is_shown_by_no_way_and_by_what_can_only_be_read():
    """A reach without ways, types never shown, and owners: the condition is false."""
    for reached in (
        reach("Observation"),
        reach("Observation", Way("patient", How.NEVER, "7")),
        reach("Observation", Way("patient", How.OWNER, "7")),
    ):
        assert re.search(r"\(+false\)* ?(and|\))", compiled(query_("Observation"), reached).sql)
        assert "false" in referring("Observation", reached, Tenant(1, HASHES, Known()), [1], 5).sql


@pytest.mark.parametrize("type_", LINKS)
def test_every_value_of_a_chain_is_bound_and_used(type_):
    """Whichever way it is written, and however far the types on its way are shown."""
    random = Random(f"compile chains {type_}")
    for _ in range(30):
        query = parse(type_, OFFERS[type_], [chained(type_, random)], CONTEXT, others=OFFERS).query
        key = random.choice((None, *sortable(type_)))
        query = replace(query, sort=() if key is None else (Sort(key, random.random() < 0.5),))
        shown = {one: random.choice((everything(one), of("7", one))) for one in LINKS if random.random() < 0.9}
        narrowed = Narrowed(query, everything(type_), sought=shown)
        for statement in (
            page(narrowed, Tenant(1, HASHES, random.choice((Known(), Known(1e6, 1e7)))), None, query.count + 1),
            every(narrowed, Tenant(1, HASHES, Known())),
        ):
            used = {int(number) for number in re.findall(r"\$(\d+)", statement.sql)}
            assert used == set(range(1, len(statement.args) + 1))
            assert "'" not in statement.sql.replace("'-infinity'", "")


def test_hashes_keep_apart_what_differs():
    """Parameter, form, system and place all count; a reference is the target's own hash and the parameter's salt."""
    h = HASHES
    different = [
        h.own("Patient", "1"),
        h.reference(1, "Patient", "1"),
        h.reference(2, "Patient", "1"),
        h.code(1, "a"),
        h.code(2, "a"),
        h.coding(1, "", "a"),
        h.coding(1, "s", "a"),
        h.system(1, "s"),
        h.uri(1, "a"),
        h.exact(1, "a"),
        h.display(1, "a"),
        h.logical(1, None, "a"),
        h.logical(1, "", "a"),
        h.logical(1, "a", None),
        h.unit("a"),
    ]
    assert len(set(different)) == len(different)
    assert h.reference(1, "Patient", "1") ^ h.salt(1) == h.own("Patient", "1")
    assert Hashes(b"o" * 32).own("Patient", "1") != h.own("Patient", "1")
    assert h.unit("") == 0
