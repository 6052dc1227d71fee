"""Formats: Accept, _format, Content-Type, the surface's default, in that order of weight."""

import gzip

import pytest

from careweft.fhir.outcomes import BadValue, NotAcceptable
from careweft.web.negotiate import chosen, for_refusal, squeezed, takes_gzip

FHIR_JSON, FHIR_XML = "application/fhir+json; charset=UTF-8", "application/fhir+xml; charset=UTF-8"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def asked(accept="", own="", default="json", wanted=()):
    headers = {b"accept": accept.encode(), b"content-type": own.encode()}
    return chosen({name: value for name, value in headers.items() if value}, default, list(wanted))


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", FHIR_JSON),
        ("*/*", FHIR_JSON),
        ("application/*", FHIR_JSON),
        ("application/fhir+json", FHIR_JSON),
        ("application/fhir+xml", FHIR_XML),
        ("APPLICATION/FHIR+XML", FHIR_XML),
        ("application/json", "application/json; charset=UTF-8"),
        ("application/xml", "application/xml; charset=UTF-8"),
        ("text/xml", "text/xml; charset=UTF-8"),
        ("json", FHIR_JSON),
        ("xml", FHIR_XML),
        ("application/fhir+json; fhirVersion=4.0", FHIR_JSON),
        ('application/fhir+json; fhirVersion="4.0"', FHIR_JSON),
        ("application/fhir+json; fhirVersion=3.0", None),
        ("application/fhir+json; fhirVersion=5.0, application/fhir+xml; fhirVersion=4.0", FHIR_XML),
        ("application/fhir+json; charset=utf-8", FHIR_JSON),
        ("application/fhir+json; charset=iso-8859-1", None),
        ("application/fhir+xml;q=0.2, application/fhir+json;q=0.9", FHIR_JSON),
        ("application/fhir+json;q=0.1, */*;q=0.5", FHIR_JSON),
        ("application/fhir+json;q=0, */*", FHIR_XML),
        ("application/fhir+json;q=0", None),
        (BROWSER, "application/xml; charset=UTF-8"),
        ("text/html", None),
        ("application/pdf, text/turtle", None),
        ("application/fhir+json;q=rubbish", None),
    ],
)
def test_accept(accept, media):
    """Each row: an Accept header, and the Content-Type it brings; None is 406."""
    if media is None:
        with pytest.raises(NotAcceptable):
            asked(accept)
        assert for_refusal({b"accept": accept.encode()}, "json", []).kind == "json"
    else:
        assert asked(accept).media == media.encode()


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        ("json", "json"),
        ("xml", "xml"),
        ("text/xml", "xml"),
        ("application/xml", "xml"),
        ("application/fhir+xml", "xml"),
        ("application/fhir xml", "xml"),
        ("application/fhir+json; fhirVersion=4.0", "json"),
        ("ttl", None),
        ("html/xml", None),
        ("application/fhir+json; fhirVersion=1.0", None),
    ],
)
def test_format_overrides_accept(wanted, kind):
    """Each row: a value of _format; what it names is always FHIR's own media type."""
    other = {"json": "application/fhir+xml", "xml": "application/fhir+json", None: "*/*"}[kind]
    if kind is None:
        with pytest.raises(NotAcceptable):
            asked(other, wanted=[("_format", wanted)])
    else:
        assert asked(other, wanted=[("_format", wanted)]).media.decode() == {"json": FHIR_JSON, "xml": FHIR_XML}[kind]


@pytest.mark.parametrize(
    ("accept", "own", "default", "kind"),
    [
        ("", "application/fhir+xml", "json", "xml"),
        ("*/*", "application/fhir+xml", "json", "xml"),
        ("application/fhir+json", "application/fhir+xml", "json", "json"),
        ("", "application/x-www-form-urlencoded", "json", "json"),
        ("", "", "xml", "xml"),
        ("*/*", "", "xml", "xml"),
        ("", "application/json", "xml", "json"),
    ],
)
def test_content_type_is_a_wish_and_the_surface_has_a_default(accept, own, default, kind):
    assert asked(accept, own, default).kind == kind


def test_pretty_is_true_or_false():
    assert asked(wanted=[("_pretty", "true")]).pretty
    assert not asked(wanted=[("_pretty", "false")]).pretty
    with pytest.raises(BadValue):
        asked(wanted=[("_pretty", "1")])


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("x-gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("br", False),
        ("", False),
    ],
)
def test_accept_encoding(header, takes):
    assert takes_gzip(header.encode()) is takes


def test_only_what_is_worth_it_is_squeezed():
    headers: list[tuple[bytes, bytes]] = []
    assert squeezed(b"x" * 1000, b"gzip", headers) == b"x" * 1000
    assert gzip.decompress(squeezed(b"x" * 5000, b"gzip", headers)) == b"x" * 5000
    assert headers == [(b"content-encoding", b"gzip")]
