"""XML says what JSON says: both ways, nothing lost, nothing fetched, nothing guessed."""

import gzip
import json
import os
import random
import re
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from html.entities import html5
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from careweft.fhir.definitions import TYPES
from careweft.fhir.json import decode
from careweft.fhir.outcomes import FhirRefusal, Malformed, TooLarge
from careweft.fhir.xml import from_xml, to_xml
from tests.fhir.speed import MIB, costs_less

SHARED = Path(__file__).parents[3] / "shared"
DRILL = bool(os.environ.get("CAREWEFT_DRILL"))
HEAD = b"<?xml version='1.0' encoding='UTF-8'?>\n"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


def patient(inside: str) -> bytes:
    return f'<Patient xmlns="http://hl7.org/fhir">{inside}</Patient>'.encode()


@pytest.mark.parametrize(
    ("members", "inside"),
    [
        ({"id": "a"}, '<id value="a"/>'),
        ({"birthDate": "1970-01-01", "id": "a"}, '<id value="a"/><birthDate value="1970-01-01"/>'),
        ({"active": True, "multipleBirthInteger": 2}, '<active value="true"/><multipleBirthInteger value="2"/>'),
        ({"name": [{"id": "n", "given": ["A", "B"]}]}, '<name id="n"><given value="A"/><given value="B"/></name>'),
        (
            {"_birthDate": {"id": "b", "extension": [{"url": "u", "valueCode": "c"}]}},
            '<birthDate id="b"><extension url="u"><valueCode value="c"/></extension></birthDate>',
        ),
        (
            {"name": [{"given": ["A", None, "C"], "_given": [None, {"id": "g"}, None]}]},
            '<name><given value="A"/><given id="g"/><given value="C"/></name>',
        ),
        (
            {"extension": [{"url": "u", "valueDecimal": Decimal("72.50")}]},
            '<extension url="u"><valueDecimal value="72.50"/></extension>',
        ),
        (
            {"contained": [{"resourceType": "Organization", "id": "o"}]},
            '<contained><Organization><id value="o"/></Organization></contained>',
        ),
        (
            {"text": {"status": "generated", "div": f"{DIV}a &amp; <b>b</b><br/> c</div>"}},
            f'<text><status value="generated"/>{DIV}a &amp; <b>b</b><br/> c</div></text>',
        ),
        (
            {"name": [{"text": "a <&\"'\n\t\r é😀"}]},
            '<name><text value="a &lt;&amp;&quot;\'&#10;&#9;&#13; é😀"/></name>',
        ),
        ({"name": [{"text": ""}]}, '<name><text value=""/></name>'),
        (
            {"link": [{"other": {"reference": "Patient/b"}, "type": "seealso"}]},
            '<link><other><reference value="Patient/b"/></other><type value="seealso"/></link>',
        ),
    ],
)
def test_both_forms_say_the_same(members, inside):
    """Each row: members of a Patient in JSON, and what stands inside its XML."""
    resource = {"resourceType": "Patient", **members}

    assert to_xml(resource) == HEAD + patient(inside)
    assert from_xml(patient(inside)) == resource


@pytest.mark.parametrize("text", ["1.50", "0.0000001", "1e5", "1.0E-10", "-0.0", "100", "9" * 40])
def test_decimals_keep_their_digits(text):
    """A decimal has in XML the very text that it has in JSON."""
    resource = decode(b'{"resourceType":"Observation","valueQuantity":{"value":%s}}' % text.encode())
    xml = to_xml(resource)

    assert f'<value value="{text}"/>'.encode() in xml
    assert exact(from_xml(xml)) == exact(resource)


def test_bundles_hold_resources_in_entries():
    """An entry's resource and the outcome of a response stand inside their element."""
    bundle = {
        "resourceType": "Bundle",
        "type": "batch-response",
        "entry": [
            {
                "resource": {"resourceType": "Patient", "id": "a"},
                "response": {
                    "status": "200",
                    "outcome": {
                        "resourceType": "OperationOutcome",
                        "issue": [{"severity": "error", "code": "invalid"}],
                    },
                },
            }
        ],
    }
    xml = to_xml(bundle)

    assert b'<entry><resource><Patient><id value="a"/></Patient></resource><response>' in xml
    assert from_xml(xml) == bundle


def test_pretty_is_for_people_and_changes_nothing():
    """Indented, the resource is the same, its narrative to the letter."""
    text = {"status": "generated", "div": f"{DIV}<p><b>x</b></p></div>"}
    resource = {"resourceType": "Patient", "id": "a", "text": text, "name": [{"given": ["A"]}]}
    xml = to_xml(resource, pretty=True)

    assert from_xml(xml) == resource
    assert xml.splitlines()[2:5] == [b'  <id value="a"/>', b"  <text>", b'    <status value="generated"/>']


HINTED = (
    b'<Patient xmlns="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    b'xsi:schemaLocation="http://hl7.org/fhir x.xsd"/>'
)
PREFIXED = (
    b'<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
    b'<h:div class="q">a<h:p>b</h:p>c</h:div></f:text></f:Patient>'
)


@pytest.mark.parametrize(
    ("raw", "resource"),
    [
        (b'\xef\xbb\xbf<Patient xmlns="http://hl7.org/fhir"/>', {}),
        (b'<f:Patient xmlns:f="http://hl7.org/fhir"><f:id value="a"/></f:Patient>', {"id": "a"}),
        (
            b'<!-- a --><Patient xmlns="http://hl7.org/fhir"><!-- b -->\n <id value="a"/> </Patient><!-- c -->',
            {"id": "a"},
        ),
        (HINTED, {}),
        (PREFIXED, {"text": {"div": DIV[:-1] + ' class="q">a<p>b</p>c</div>'}}),
        (
            patient('<name><family value="A"/></name><active value="true"/><name><family value="B"/></name>'),
            {"active": True, "name": [{"family": "A"}, {"family": "B"}]},
        ),
    ],
)
def test_xml_may_be_spelled_freely(raw, resource):
    """Each row: prefixes, comments, white space or a schema hint, and the same resource."""
    assert from_xml(raw) == {"resourceType": "Patient", **resource}


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"nonsense": 1}, "Patient.nonsense is no element"),
        ({"name": [{"nonsense": 1}]}, "Patient.name.nonsense is no element"),
        ({"_name": [{"id": "x"}]}, "Patient._name is no element"),
        ({"{http://hl7.org/fhir}id": "a"}, "Patient has an unknown element"),
        ({"Anna Perez": 1}, "Patient has an unknown element"),
        ({"name": {"family": "Perez"}}, "Patient.name wants a list"),
        ({"name": []}, "Patient.name wants a list"),
        ({"gender": ["male"]}, "Patient.gender wants one value"),
        ({"gender": None}, "Patient.gender wants a value or an extension"),
        ({"gender": 5}, "Patient.gender wants a value of type code"),
        ({"active": "true"}, "Patient.active wants a value of type boolean"),
        ({"multipleBirthInteger": Decimal("1.5")}, "wants a value of type integer"),
        ({"multipleBirthInteger": True}, "wants a value of type integer"),
        ({"birthDate": {"value": "Perez"}}, "Patient.birthDate wants a value of type date"),
        ({"maritalStatus": "Perez"}, "Patient.maritalStatus wants an object"),
        ({"name": [{"family": "Perez\x01"}]}, "Patient.name.family has a character that XML cannot write"),
        ({"contained": [{"id": "x"}]}, "Patient.contained wants a resource"),
        ({"contained": [{"resourceType": "Perez"}]}, "Patient.contained wants a resource"),
        ({"text": {"div": 5}}, "Patient.text.div wants XHTML"),
        ({"text": {"div": "Perez"}}, "Patient.text.div is not well-formed XML"),
        ({"text": {"div": "<p>Perez</p>"}}, "Patient.text.div wants a div"),
        ({"text": {"div": "<div>&perez;</div>"}}, "Patient.text.div is not well-formed XML"),
        (
            {"text": {"div": '<!DOCTYPE div [<!ENTITY x "Perez">]><div>&x;</div>'}},
            "Patient.text.div has a document type",
        ),
    ],
)
def test_what_is_not_fhir_is_not_written(members, why):
    """Each row: members that no Patient has, and the place that the message names, never the value."""
    with pytest.raises(Malformed, match=re.escape(why)) as refused:
        to_xml({"resourceType": "Patient", **members})

    assert "perez" not in str(refused.value).lower()


@pytest.mark.parametrize(
    "resource",
    [{}, {"resourceType": "Nonsense"}, {"resourceType": "DomainResource"}, {"resourceType": ["Patient"]}, []],
)
def test_only_resources_are_written(resource):
    """Without a type of FHIR R4 there is nothing to write."""
    with pytest.raises(Malformed, match="the body wants a resource"):
        to_xml(resource)


def test_narrative_from_sloppy_sources_is_mended():
    """A div without its namespace gets it; entities of HTML become their characters."""
    xml = to_xml({"resourceType": "Patient", "text": {"div": "<div>a&nbsp;b &eacute; &lt; &#65;</div>"}})

    assert from_xml(xml)["text"]["div"] == f"{DIV}a\xa0b é &lt; A</div>"


XXE = '<!DOCTYPE Patient [<!ENTITY x SYSTEM "{}">]>'


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not well-formed"),
        (b"{}", "not well-formed"),
        (b"<Patient>", "not well-formed"),
        (b"<Patient/>", "namespace"),
        (b'<Patient xmlns="http://hl7.org/other"/>', "namespace"),
        (b'<Nonsense xmlns="http://hl7.org/fhir"/>', "wants a resource"),
        (b'<Patient xmlns="http://hl7.org/fhir" id="a"/>', "attribute"),
        (patient('<nonsense value="Perez"/>'), "Patient.nonsense is no element"),
        (patient('<id value="a"/><id value="b"/>'), "Patient.id stands twice"),
        (patient("<id/>"), "Patient.id wants a value"),
        (patient('<id value="a" href="b"/>'), "Patient.id has an attribute"),
        (patient('<name value="Perez"/>'), "Patient.name has an attribute"),
        (patient("<name>Perez</name>"), "Patient.name has text"),
        (patient('<id value="a"/>Perez'), "Patient has text"),
        (patient('<id value="a">Perez</id>'), "Patient.id has text"),
        (patient("<id><![CDATA[Perez]]></id>"), "Patient.id has text"),
        (patient('<active value="TRUE"/>'), "Patient.active wants a value of type boolean"),
        (patient('<multipleBirthInteger value="01"/>'), "wants a value of type integer"),
        (patient('<multipleBirthInteger value="1 "/>'), "wants a value of type integer"),
        (patient('<extension url="u"><valueDecimal value="NaN"/></extension>'), "wants a value of type decimal"),
        (patient('<extension url="u"><valueDecimal value="1e65"/></extension>'), "exponent beyond 64"),
        (patient(f'<extension url="u"><valueDecimal value="{"9" * 41}"/></extension>'), "more than 40 characters"),
        (patient("<contained/>"), "Patient.contained wants one resource"),
        (patient("<contained><Patient/><Patient/></contained>"), "Patient.contained wants one resource"),
        (patient("<contained>Perez<Patient/></contained>"), "Patient.contained has text"),
        (patient('<contained><Patient id="a"/></contained>'), "attribute"),
        (patient("<text><div>Perez</div></text>"), "Patient.text.div is no element"),
        (
            patient('<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'),
            "no element",
        ),
        (b'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>' + patient(""), "processing instruction"),
        (patient("") + b"<?php x ?>", "processing instruction"),
        (patient("<name><?x y?></name>"), "processing instruction"),
        (patient(f"<text>{DIV}<?x y?></div></text>"), "processing instruction"),
        (patient(f"<text>{DIV}&nbsp;</div></text>"), "not well-formed"),
        (patient('<id value="&x;"/>'), "not well-formed"),
        (patient('<id value="\x01"/>'), "not well-formed"),
        (b'<Patient xmlns="http://hl7.org/fhir"><id value="\xff"/></Patient>', "not well-formed"),
        (patient('<id value="a"/>').decode().encode("utf-16"), "not UTF-8"),
        (patient('<id value="a"/>').decode().encode("utf-16-le"), "not UTF-8"),
        (patient('<id value="a"/>').decode().encode("utf-32-be"), "not UTF-8"),
        (b'<?xml version="1.0" encoding="UTF-7"?>' + patient(""), "not UTF-8"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + patient(""), "not UTF-8"),
        (XXE.format("file:///etc/passwd").encode() + patient('<id value="&x;"/>'), "document type"),
        (XXE.format("http://127.0.0.1:9/").encode() + patient('<id value="&x;"/>'), "document type"),
        (b'<!DOCTYPE Patient SYSTEM "http://127.0.0.1:9/x.dtd">' + patient(""), "document type"),
        (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/"> %x;]>' + patient(""), "document type"),
        (patient("<name>" * 70 + "</name>" * 70), "is no element"),
        (patient("<extension>" * 64 + "</extension>" * 64), "deeper than 64"),
        (patient(f"<text>{DIV}" + "<p>" * 63 + "</p>" * 63 + "</div></text>"), "deeper than 64"),
        (patient("<id " + " ".join(f'a{at}="1"' for at in range(65)) + "/>"), "more than 64 attributes"),
    ],
)
def test_refusals_say_why(raw, why):
    """Each row: a body that is refused, and a part of the message, which never holds a value."""
    with pytest.raises(Malformed, match=re.escape(why)) as refused:
        from_xml(raw)

    assert "perez" not in str(refused.value).lower()


def test_64_levels_and_64_attributes_are_read():
    """The limits themselves are allowed."""
    deep = patient("<extension>" * 63 + "</extension>" * 63)
    wide = patient(f"<text>{DIV}<p " + " ".join(f'a{at}="1"' for at in range(64)) + "/></div></text>")

    assert from_xml(deep)["extension"]
    assert 'a63="1"' in from_xml(wide)["text"]["div"]


def test_larger_than_wanted_is_too_large():
    """The caller says how many bytes are read."""
    with pytest.raises(TooLarge, match="40 bytes; at most 39"):
        from_xml(b'<Patient    xmlns="http://hl7.org/fhir"/>'[:39] + b"/>"[:1], most=39)


LAUGHS = (
    "<!DOCTYPE p [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{at} '{f'&a{at - 1};' * 10}'>" for at in range(1, 10)) + "]>"
)
BOMBS = [
    ("billion laughs", LAUGHS.encode() + patient('<id value="&a9;"/>')),
    ("quadratic entity", b"<!DOCTYPE p [<!ENTITY a '" + b"a" * 50_000 + b"'>]>" + patient("&a;" * 50_000)),
    ("tags", patient("<a/>" * 450_000)),
    ("known tags", patient('<name id="1"/>' * 140_000)),
    ("extensions", patient('<extension url=""/>' * 100_000)),
    ("open tags", b'<Patient xmlns="http://hl7.org/fhir">' + b"<extension>" * 175_000),
    ("attributes", patient("<id " + " ".join(f'a{at}="1"' for at in range(175_000)) + "/>")),
    ("attributes unquoted", patient("<id " + "a=" * 950_000 + "/>")),
    ("namespaces", patient("<id " + " ".join(f'xmlns:a{at}="u"' for at in range(200_000)) + "/>")),
    ("a long name", patient("<" + "a" * 1_950_000 + "/>")),
    ("a long value", patient(f'<id value="{"a" * 1_950_000}"/>')),
    ("a long comment", patient(f"<!--{'a' * 1_950_000}-->")),
    ("references", patient(f'<id value="{"&#65;" * 390_000}"/>')),
    ("open angles", b"<" * 2_000_000),
    ("narrative", patient(f"<text>{DIV}{'<p>abcdefghi</p>' * 120_000}</div></text>")),
    ("digits", patient(f'<multipleBirthInteger value="{"1" * 1_950_000}"/>')),
    ("fraction", patient(f'<extension><valueDecimal value="1.{"1" * 1_950_000}"/></extension>')),
]


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in BOMBS])
def test_no_xml_costs_much_time(raw):
    """Reading or refusing takes at most 500 ms of processor time for each MiB of the worst there is."""

    def read():
        with suppress(FhirRefusal):
            from_xml(raw)

    assert costs_less(read, 0.5 * (len(raw) / MIB + 1))


def test_a_narrative_may_be_mostly_tags():
    """A large table of short cells is written: only what comes from outside as XML is measured by its tags."""
    div = f"{DIV}<table>{'<tr><td>1</td><td>2</td></tr>' * 5_000}</table></div>"

    assert div.encode() in to_xml({"resourceType": "Patient", "text": {"status": "generated", "div": div}})


# Everything there is goes both ways ----------------------------------------------------------------------------------


def exact(value: Any) -> Any:
    """The value with its numbers as text and narratives in canonical form."""
    if isinstance(value, dict):
        return {key: canonical(one) if key == "div" else exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [exact(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


def canonical(div: Any) -> Any:
    """Canonical XML: quotes, entities (HTML's too) and empty tags spelled one way."""
    if not isinstance(div, str):
        return exact(div)
    plain = re.sub(r"&(?!amp;|lt;|gt;|quot;|apos;)([a-z]+;)", lambda found: html5[found[1]], div)
    return etree.tostring(etree.fromstring(plain), method="c14n")


def records() -> Iterator[Any]:
    """Every resource of the shared records, Bundles opened."""
    for path in sorted((SHARED / "data").rglob("*")):
        if path.suffix == ".ndjson":
            yield from map(large, filter(bytes.strip, path.read_bytes().splitlines()))
        elif path.suffix == ".gz":
            yield from map(large, filter(bytes.strip, gzip.decompress(path.read_bytes()).splitlines()))
        elif path.suffix == ".json":
            resource = large(path.read_bytes())
            yield from [one["resource"] for one in resource.get("entry", ())] or [resource]


def large(raw: bytes) -> Any:
    return decode(raw, most=64 * MIB)


@pytest.mark.skipif(not (SHARED / "data").exists(), reason="the shared records are not beside this checkout")
def test_every_record_goes_both_ways():
    """A seeded tenth of the shared records (all in the drill); what is refused is STU3's, named by its element."""
    chance, seen, refused = random.Random(15), 0, set()
    for resource in records():
        if not DRILL and chance.random() > 0.1:
            continue
        seen += 1
        try:
            assert exact(from_xml(to_xml(resource))) == exact(resource)
        except Malformed as refusal:
            refused.add(str(refusal))

    assert seen > 2_000
    assert refused == {
        "ExplanationOfBenefit.hospitalization is no element of FHIR R4",
        "ExplanationOfBenefit.information is no element of FHIR R4",
    }


@pytest.mark.skipif(not (SHARED / "oracle").exists(), reason="the official packages are not beside this checkout")
def test_every_official_example_goes_both_ways():
    """The examples of the guides, in whole Bundles too; and their definitions, which are resources like any other."""
    seen, wrong = 0, []
    for package in sorted((SHARED / "oracle").glob("*.tgz")):
        with tarfile.open(package) as files:
            for member in files:
                wanted = r"package/(example/)?[A-Z]\w*-.*\.json" if DRILL else r"package/example/[A-Z]\w*-.*\.json"
                file = files.extractfile(member) if re.fullmatch(wanted, member.name) else None
                if file is None:
                    continue
                seen += 1
                resource = large(file.read())
                if exact(from_xml(to_xml(resource))) != exact(resource):
                    wrong.append(member.name)

    assert seen > 350
    assert not wrong


def primitives(type_: str) -> st.SearchStrategy[Any]:
    """A value of this primitive type."""
    return {
        "boolean": st.booleans(),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "unsignedInt": st.integers(0, 2**31 - 1),
        "positiveInt": st.integers(1, 2**31 - 1),
        "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9),
        "xhtml": st.text(XML_TEXT).map(lambda text: f"{DIV}{text.translate(ESCAPES)}</div>"),
    }.get(type_, st.text(XML_TEXT))


XML_TEXT = st.characters(
    codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
)
ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}


@st.composite
def objects(draw, type_: str, depth: int = 3) -> dict[str, Any]:
    """Any object of this type: some of its elements, primitives with and without extensions, lists with gaps."""
    made: dict[str, Any] = {}
    names = st.sampled_from([*TYPES[type_].by_json])
    for key in draw(st.lists(names, unique=True, max_size=4)):
        element, of = TYPES[type_].by_json[key]
        if TYPES[of].kind == "primitive" or of == "xhtml":
            made.update(draw(extended(key, primitives(of), element.max != 1, (type_, key, of))))
        elif depth and of != "Resource":
            inner = objects(of, depth - 1)
            made[key] = draw(st.lists(inner, min_size=1, max_size=2) if element.max != 1 else inner)
        elif depth and of == "Resource":
            inner = resources(depth - 1)
            made[key] = draw(st.lists(inner, min_size=1, max_size=2) if element.max != 1 else inner)
    return made


@st.composite
def extended(draw, key, values, repeats, place) -> dict[str, Any]:
    """A primitive as JSON has it: under its name, its extension under `_name`, at least one of them in each place."""
    type_, _, of = place
    plain = of == "xhtml" or (key == "id" and TYPES[type_].kind != "resource") or (type_, key) == ("Extension", "url")
    extras = st.fixed_dictionaries({"id": st.text(XML_TEXT, min_size=1)})
    pairs = values.map(lambda one: (one, None))
    if not plain:
        pairs = st.one_of(pairs, st.tuples(values, extras), extras.map(lambda one: (None, one)))
    drawn = draw(st.lists(pairs, min_size=1, max_size=3 if repeats else 1))
    both = {key: [one for one, _ in drawn], "_" + key: [one for _, one in drawn]}
    return {name: found if repeats else found[0] for name, found in both.items() if any(x is not None for x in found)}


@st.composite
def resources(draw, depth: int = 3) -> dict[str, Any]:
    type_ = draw(
        st.sampled_from(
            [
                "Patient",
                "Observation",
                "Bundle",
                "Parameters",
                "ExplanationOfBenefit",
                "Medication",
                "Questionnaire",
                "StructureDefinition",
                "Binary",
            ]
        )
    )
    return {"resourceType": type_, **draw(objects(type_, depth))}


@settings(max_examples=5_000 if DRILL else 100, deadline=None)
@given(resources(), st.booleans())
def test_any_resource_goes_both_ways(resource, pretty):
    """Resources made at random from the table of definitions come back as they were, and so does their JSON."""
    assert exact(from_xml(to_xml(resource, pretty))) == exact(resource)
    assert json.dumps(exact(from_xml(to_xml(resource))), sort_keys=True, default=repr) == json.dumps(
        exact(resource), sort_keys=True, default=repr
    )


@settings(max_examples=5_000 if DRILL else 75, deadline=None)
@given(resources(), st.integers(0, 10_000), st.binary(max_size=3))
def test_damaged_xml_is_read_or_refused(resource, at, noise):
    """Damaged anywhere, XML gives a resource or a refusal, never another error."""
    raw = to_xml(resource)
    at = at % len(raw)
    try:
        found = from_xml(raw[:at] + noise + raw[at + 1 :])
    except FhirRefusal:
        return

    assert "resourceType" in found


def test_xml_is_parsed_in_one_place():
    """No other file makes an XML parser, hardened or not (security.md PARSE-03)."""
    source = Path(__file__).parents[2] / "src"
    parsers = re.compile(
        r"XMLParser|iterparse|XMLPullParser|etree\.(?:parse|fromstring|XML|HTML)\b"
        r"|xml\.(?:etree|dom|sax)\b|lxml\.(?:html|objectify)|xmltodict"
    )
    found = [str(path.relative_to(source)) for path in source.rglob("*.py") if parsers.search(path.read_text())]

    assert found == ["careweft/fhir/xml/parser.py"]
