"""The one place that makes an XML parser (security.md PARSE-03): no DTD, no entity, no network, no bomb."""

import re
from collections.abc import Iterator

from lxml import etree

from careweft.fhir.outcomes import Malformed, TooLarge

MOST_DEPTH = 64
MOST_ATTRIBUTES = 64
# What a tag stands for takes many times its place: a large text must not be mostly tags.
SMALL = 64 * 1024
BYTES_PER_TAG = 8

_OTHER_ENCODING = re.compile(rb"\s*<\?xml[^>]*\sencoding\s*=\s*[\"'](?!(?i:utf-8|us-ascii)[\"'])")
_ATTRIBUTES = re.compile(rb"<[^<>=]*+(?:=\s*+(?:\"[^\"<]*+\"|'[^'<]*+')[^<>=]*+){%d}" % (MOST_ATTRIBUTES + 1))


def parse(raw: bytes, path: str) -> etree._Element:
    """The root of this XML; Malformed, naming `path`, for whatever is not plain elements in UTF-8."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise Malformed(f"{path} has a document type, which FHIR does not allow")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:4] or _OTHER_ENCODING.match(raw[:256]):
        raise Malformed(f"{path} is not UTF-8")
    if _ATTRIBUTES.search(raw):
        raise Malformed(f"{path} has an element with more than {MOST_ATTRIBUTES} attributes")
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:  # its message may quote the text, its position does not
        line, column = error.position
        raise Malformed(f"{path} is not well-formed XML (line {line}, column {column})") from None


def no_crowd(raw: bytes, path: str) -> None:
    """Refuse a text that is mostly tags, before anything is built."""
    if raw.count(b"<") * BYTES_PER_TAG > len(raw) + SMALL:
        raise TooLarge(f"{path} has far too many elements for its size")


def elements(parent: etree._Element, path: str) -> Iterator[etree._Element]:
    """The elements right under this one; comments are passed over, text and instructions refused."""
    _no_text(parent.text, path)
    for child in parent:
        _no_text(child.tail, path)
        if not isinstance(child, etree._Comment):  # noqa: SLF001 (so lxml calls its types)
            no_instruction(child, path)
            yield child


def no_instruction(node: etree._Element, path: str) -> None:
    """Refuse a processing instruction or an entity."""
    if isinstance(node, etree._ProcessingInstruction | etree._Entity):  # noqa: SLF001
        raise Malformed(f"{path} has a processing instruction or an entity, which are not read")


def _no_text(text: str | None, path: str) -> None:
    if text and not text.isspace():
        raise Malformed(f"{path} has text outside of value attributes")


def deeper(element: etree._Element, levels: int) -> bool:
    """Whether elements lie more than so many levels below this one; asked of libxml2, for narratives can be large."""
    return bool(element.xpath("boolean(" + "/".join("*" * (levels + 1)) + ")"))
