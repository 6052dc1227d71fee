"""What a search's parameters are read as, and what is refused: with status 400, by name, and without what was asked."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweft.fhir.definitions import SEARCH
from careweft.fhir.outcomes import BadValue, Exceeding, UnknownParameter
from careweft.fhir.search import query as q
from careweft.fhir.search.context import Context
from careweft.fhir.search.parse import Offers, conditions, parse
from careweft.fhir.search.query import AnyOf, Include, Present, Ref, Sort, Token
from careweft.fhir.subset import View
from tests.fhir.strategies import CONTEXT, TYPICAL, searches

HERE = Context(datetime(2024, 5, 17, tzinfo=UTC), UTC, "https://fhir.example/b")
OFFERED = Offers(
    (
        "patient",
        "status",
        "code",
        "date",
        "value-quantity",
        "value-string",
        "focus",
        "code-value-concept",
        "code-value-quantity",
        "identifier",
    ),
    ("Observation:patient", "Observation:subject"),
    ("Provenance:target",),
)


def read(*pairs, lenient=False):
    return parse("Observation", OFFERED, pairs, HERE, lenient=lenient)


def test_a_search_is_read():
    """Commas are alternatives, repetition means both, and what was used is told in order."""
    pairs = (("status", "final,amended"), ("patient", "7"), ("_sort", "-date"), ("_count", "900"), ("_format", "json"))
    found = read(*pairs)

    assert found.query.where == (
        AnyOf((q.Test("status", Token(None, "final"), "is"), q.Test("status", Token(None, "amended"), "is"))),
        AnyOf((q.Test("patient", Ref("Patient", "7"), "is"),)),
    )
    assert (found.query.sort, found.query.count) == ((Sort("date", descending=True),), 500)
    assert found.used == (*pairs[:3], ("_count", "500"), ("_format", "json"))


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("1", 1), ("500", 500), ("501", 500), ("2147483648", 500)])
def test_count(text, count):
    """`_count` is clamped at 500."""
    assert read(("_count", text)).query.count == count


@pytest.mark.parametrize(
    ("pairs", "count", "total", "view"),
    [
        ([], 100, "", View()),
        ([("_total", "estimate")], 100, "estimate", View()),
        ([("_total", "none")], 100, "none", View()),
        ([("_count", "0")], 0, "accurate", View()),
        ([("_count", "0"), ("_total", "none")], 0, "accurate", View()),
        ([("_count", "0"), ("_total", "estimate")], 0, "estimate", View()),
        ([("_summary", "count"), ("_count", "7")], 0, "accurate", View("count")),
        ([("_summary", "true")], 100, "", View("true")),
        ([("_elements", "status,value"), ("_elements", "code[x]")], 100, "", View("", ("code", "status", "value"))),
        ([("_elements", "code"), ("_summary", "false")], 100, "", View("false", ("code",))),
    ],
)
def test_what_is_asked_about_the_result(pairs, count, total, view):
    """Each row: parameters, how many entries, which total, how much of each resource."""
    query = read(*pairs).query
    assert (query.count, query.total, query.view) == (count, total, view)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("date", (Sort("date"),)),
        ("-date,_id", (Sort("date", True), Sort("_id"))),
        ("-value-quantity,value-string,-_lastUpdated",
         (Sort("value-quantity", True), Sort("value-string"), Sort("_lastUpdated", True))),
    ],
)  # fmt: skip
def test_sort_takes_up_to_three_keys(text, keys):
    assert read(("_sort", text)).query.sort == keys


@pytest.mark.parametrize(("key", "kind"), [("status", "token"), ("patient", "reference"), ("code", "token")])
def test_what_has_no_order_is_refused_with_what_has(key, kind):
    with pytest.raises(BadValue) as refused:
        read(("_sort", f"date,-{key}"))
    assert refused.value.message == (
        f"{key} is a {kind} parameter, which has no order; "
        "Observation can be sorted by date, value-quantity, value-string, _lastUpdated, _id"
    )


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("_total", "exact")], "_total wants one of none, estimate, accurate, not 'exact'"),
        ([("_summary", "yes")], "_summary wants one of true, text, data, count, false, not 'yes'"),
        ([("_elements", "colour")], "_elements wants elements of Observation such as basedOn, bodySite, category"),
        ([("_elements", "code,")], "_elements wants elements"),
        ([("_elements", "valueQuantity")], "_elements wants elements"),
        ([("_elements", "code"), ("_summary", "true")], "give one of them"),
        ([("_summary", "text"), ("_include", "Observation:patient")], "neither _include nor _revinclude"),
        ([("_summary", "true"), ("_summary", "text")], "more than once"),
    ],
)
def test_what_does_not_go_together_is_refused(pairs, said):
    with pytest.raises(BadValue) as refused:
        read(*pairs)
    assert said in refused.value.message


def test_count_is_a_hundred_unless_said():
    assert read().query.count == 100


@pytest.mark.parametrize(
    ("name", "text", "include"),
    [
        ("_include", "Observation:patient", Include("Observation", "patient")),
        ("_include", "Observation:subject:Group", Include("Observation", "subject", "Group")),
        ("_revinclude", "Provenance:target", Include("Provenance", "target", reverse=True)),
        ("_revinclude", "Provenance:target:Observation", Include("Provenance", "target", "Observation", reverse=True)),
    ],
)
def test_includes(name, text, include):
    """An include that is offered, also with the type it is meant for."""
    assert read((name, text)).query.includes == (include,)


def test_includes_that_iterate_go_on_from_any_type_of_the_api():
    """What they may follow is what the API offers of the type they start from."""
    others = {"Encounter": Offers((), ("Encounter:patient",), ("Provenance:target",))}
    pairs = [("_include:iterate", "Encounter:patient"), ("_revinclude:iterate", "Provenance:target")]
    found = parse("Observation", OFFERED, pairs, HERE, others=others)
    assert found.query.includes == (
        Include("Encounter", "patient", iterate=True),
        Include("Provenance", "target", reverse=True, iterate=True),
    )
    with pytest.raises(UnknownParameter, match=r"this API offers Encounter:patient$"):
        parse("Observation", OFFERED, [("_include:iterate", "Encounter:location")], HERE, others=others)
    with pytest.raises(UnknownParameter):
        parse("Observation", OFFERED, [("_include", "Encounter:patient")], HERE, others=others)
    with pytest.raises(Exceeding, match="at most 8 includes with :iterate"):
        parse("Observation", OFFERED, pairs[:1] * 9, HERE, others=others)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nonsense", "1"),
        ("encounter", "1"),
        ("subject.name", "ann"),
        ("_has:Observation:patient:code", "1"),
        ("_filter", "a"),
        ("_text", "x"),
        ("_content", "x"),
        ("", "x"),
        ("code:of-type", "a|b|c"),
        ("code:exact", "x"),
        ("date:exact", "2024"),
        ("patient:Group", "1"),
        ("patient:x", "1"),
        ("code:", "1"),
        ("status:", "1"),
        ("_id:text", "1"),
        ("_id:missing", "true"),
        ("_lastUpdated:missing", "true"),
        ("code-value-concept:text", "a$b"),
        ("code-value-concept:not", "a$b"),
        ("_include", "Observation:encounter"),
        ("_include", "*"),
        ("_include", "Observation:*"),
        ("_include:iterate", "Observation:encounter"),
        ("_include:recurse", "Observation:patient"),
        ("_include:", "Observation:patient"),
        ("_revinclude:iterate", "Observation:patient"),
        ("_include", "Observation:patient:Group"),
        ("_include", "Observation:patient:Patient:x"),
        ("_revinclude", "Observation:patient"),
        ("_include", "Provenance:target"),
    ],
)
def test_unknown_parameters_are_refused(name, text):
    """A parameter, modifier or include that is not offered is 400, and the refusal lists what is."""
    with pytest.raises(UnknownParameter, match=r"^Invalid search parameter: '?[^']*"):
        read((name, text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date", "yesterday"),
        ("date", "2024-13"),
        ("date", "2024-00"),
        ("date", "2024-02-30"),
        ("date", "0000"),
        ("date", "10000"),
        ("date", "2024-05-17T24:00:00Z"),
        ("date", "2024-05-17T10:00:61Z"),
        ("date", "2024-05-17T10:00:00+14:01"),
        ("date", "ge"),
        ("date", "xx2024"),
        ("date", "2024-5"),
        ("date", "2024-05-17T10"),
        ("date", "gt" + "9" * 900),
        ("date", "٢٠٢٤"),
        ("date", "9999-12-31T23:59:59.999999-14:00"),
        ("date", "2024,"),
        ("date", ""),
        ("date", "2024-05-17T10:00:00+05:99"),
        ("value-quantity", "five"),
        ("value-quantity", "5|mg"),
        ("value-quantity", "5|a|b|c"),
        ("value-quantity", "1e999"),
        ("value-quantity", "NaN"),
        ("value-quantity", "Infinity"),
        ("value-quantity", "1_0"),
        ("value-quantity", "1" * 41),
        ("value-quantity", "gt"),
        ("value-quantity", "|a|b"),
        ("code", "|"),
        ("code", "a|b|c"),
        ("code", ",a"),
        ("code", "a,,b"),
        ("code:missing", "yes"),
        ("code:missing", "true,false"),
        ("code", "x" * 1025),
        ("code", "a\x00b"),
        ("code", "a\ud800b"),
        ("code:text", "\u0301"),
        ("patient", "a b"),
        ("patient", "Patient/"),
        ("patient", "/Patient/1"),
        ("patient", "Nonsense/1"),
        ("patient", "a" * 65),
        ("patient:Patient", "Group/1"),
        ("patient:Patient", "https://other.example/Patient/1"),
        ("focus", "1"),
        ("patient:identifier", "|"),
        ("code-value-concept", "a"),
        ("code-value-concept", "a$"),
        ("code-value-concept", "$a"),
        ("code-value-concept", "a$b$c"),
        ("code-value-concept", r"a\$b"),
        ("code-value-concept", "|$b"),
        ("code-value-quantity", "a$five"),
        ("code:below", "x"),
        ("code:above", "http://loinc.org|8867-4"),
        ("code:in", "http://hl7.org/fhir/ValueSet/observation-codes"),
        ("code:not-in", "x"),
        ("_profile:below", "urn:uuid:0"),
        ("_profile:above", "a"),
        ("identifier:of-type", "a|b"),
        ("identifier:of-type", "a||b"),
        ("value-string", " "),
        ("value-string", "\u0301"),
        ("_count", "-1"),
        ("_count", "1.5"),
        ("_count", "1e9"),
        ("_count", "x"),
        ("_count", "٣"),
        ("_count", "9" * 30),
        ("_count", ""),
        ("_sort", "status"),
        ("_sort", "date,-date"),
        ("_sort", "date,value-quantity,value-string,_id"),
        ("_sort", "date,"),
        ("_sort", "value-date"),
        ("_sort", "value-string:exact"),
        ("_sort", "--date"),
        ("_sort", "-"),
        ("_sort", "d; drop table"),
    ],
)
def test_values_that_cannot_be_read_are_refused(name, text):
    """A value of the wrong shape is 400 whatever it is; lenience does not help."""
    with pytest.raises(BadValue):
        read((name, text), lenient=True)


@pytest.mark.parametrize(
    ("pairs", "refusal"),
    [
        ([("status", "final")] * 51, Exceeding),
        ([("code", ",".join("a" * 201))], Exceeding),
        ([("code", ",".join(str(n) for n in range(200)))] * 21, Exceeding),
        ([("_count", "1"), ("_count", "2")], BadValue),
        ([("_sort", "date"), ("_sort", "_id")], BadValue),
    ],
)
def test_a_search_has_limits(pairs, refusal):
    """Too many parameters, too many values, too many in all: too-costly; twice what can be said once: no value."""
    with pytest.raises(refusal):
        read(*pairs)


def test_lenient_leaves_out_what_is_unknown():
    """`Prefer: handling=lenient`: unknown parameters are skipped and named; unknown modifiers are refused."""
    found = read(("nonsense", "1"), ("status", "final"), ("other:exact", "x"), ("_text", "id"), lenient=True)

    assert (found.used, found.ignored) == ((("status", "final"),), ("nonsense", "other:exact", "_text"))
    with pytest.raises(UnknownParameter):
        read(("status:exact", "x"), lenient=True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("patient", "Smith, John 1970"),
        ("value-string", "\u0301"),
        ("patient:identifier", "123-45|6789|1"),
        ("code", "a|secret|b"),
    ],
)
def test_a_refusal_does_not_repeat_clinical_text(name, text):
    """Names, identifiers and references stay out of messages."""
    with pytest.raises(BadValue) as refused:
        read((name, text))

    assert not any(word in refused.value.message for word in ("Smith", "1970", "6789", "secret"))


def test_a_refusal_names_what_was_wanted():
    """The shape that was wanted and, of dates, what came."""
    with pytest.raises(BadValue) as refused:
        read(("date", "yesterday"))
    assert refused.value.message == "date wants a date such as 2024-05 or ge2024-05-17, not 'yesterday'"
    with pytest.raises(UnknownParameter) as unknown:
        read(("nonsense", "1"))
    assert unknown.value.message.startswith("Invalid search parameter: 'nonsense'; this API offers _id, _lastUpdated")


def test_references_become_what_they_may_mean():
    """A bare id is one of each type that the parameter may lead to; our own absolute URLs are references within."""
    assert [test.value for test in conditions("Observation", [("subject", "7")], HERE)[0].tests] == [
        Ref(type_, "7") for type_ in SEARCH["Observation"]["subject"].targets
    ]
    ours = conditions("Observation", [("subject", "https://fhir.example/b/Group/7")], HERE)
    assert [test.value for test in ours[0].tests] == [Ref("Group", "7")]


def test_missing_and_not():
    """`:missing` asks for presence, `:not` denies the whole list."""
    assert read(("code:missing", "false")).query.where == (AnyOf((q.Test("code", Present(wanted=True), "missing"),)),)
    assert read(("code:not", "a,b")).query.where[0].negated


NAMES = st.sampled_from([*SEARCH["Observation"], "_count", "_sort", "_include", "x"])


@given(st.lists(st.tuples(NAMES, st.text()), max_size=3))
def test_any_text_is_read_or_refused(pairs):
    """No text is an error of ours."""
    with contextlib.suppress(BadValue, UnknownParameter):
        parse("Observation", Offers(SEARCH["Observation"]), pairs, HERE)


@given(st.sampled_from(TYPICAL).flatmap(lambda type_: st.tuples(st.just(type_), searches(type_))))
def test_the_random_searches_can_be_read(case):
    """The searches that other tests draw are all well formed, and all of them are used."""
    type_, pairs = case

    assert parse(type_, Offers(SEARCH[type_]), pairs, CONTEXT).used == tuple(pairs)
