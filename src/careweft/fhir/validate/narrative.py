"""What a narrative may hold: https://hl7.org/fhir/R4/narrative.html#Narrative (txt-1, txt-2)"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ..outcomes import FhirRefusal

if TYPE_CHECKING:
    from lxml import etree

XHTML = "{http://www.w3.org/1999/xhtml}"
ELEMENTS = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "address",
        "area",
        "b",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "map",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
    ]
)
LINKS = frozenset(("href", "src", "cite", "longdesc", "background"))
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]{0,20}):")
_SAFE = frozenset(("http", "https", "mailto", "tel", "urn", "ftp", "data"))


# The plain case, which nearly every narrative is, told by one pattern: tags with a few harmless attributes. Whatever is
# more goes to the parser, which decides.
_HARMLESS = (
    r"(?:class|style|title|id|name|lang|xml:lang|dir|colspan|rowspan|align|valign|width|height|border|scope|alt|cellpadding|cellspacing)"
    r'="[^"<&]*+"|(?:href|src)="(?:(?:https?://|mailto:|data:image/)[^"<&]*+|#[^"<&]*+|[\w./?=-]*+)"'
)
_TAG = re.compile(rf"<(/?)([a-z][a-z0-9]*+)((?:\s++(?:{_HARMLESS}))*+)\s*+(/?)>", re.ASCII)
_START = re.compile(r'<div xmlns="http://www\.w3\.org/1999/xhtml"((?:\s+(?:xml:)?lang="[\w-]*")*)\s*>', re.ASCII)
_REFERENCE = re.compile(r"&(?:amp|lt|gt|quot|apos|#[1-9][0-9]{0,4}|#x[0-9A-Fa-f]{2,4});")
_UNUSUAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|]]>")


def plain(div: str) -> bool:
    """Whether this is certainly a narrative that may be; False says nothing."""
    start = _START.match(div)
    if start is None or not _once(start[1]) or _UNUSUAL.search(div):
        return False
    rest = div[start.end() :]
    tags = _TAG.findall(rest)
    if rest.count("<") != len(tags) or ("&" in rest and rest.count("&") != len(_REFERENCE.findall(rest))):
        return False
    open_ = ["div"]
    for closing, name, attributes, alone in tags:
        if not open_ or name not in ELEMENTS or (attributes and not _once(attributes)):
            return False
        if closing:
            if alone or attributes or open_.pop() != name:
                return False
        elif not alone:
            open_.append(name)
    return not open_ and rest.endswith("</div>") and bool(_TAG.sub("", rest).strip())


def _once(attributes: str) -> bool:
    """Whether no attribute comes twice."""
    names = [one.rpartition(" ")[2] for one in attributes.split('="')[:-1]]
    return len(set(names)) == len(names)


@lru_cache(512)
def safe(div: str) -> str | None:
    """Why this is no `div` that a narrative may be, or None.

    >>> safe('<div xmlns="http://www.w3.org/1999/xhtml"><p>Well.</p></div>')
    >>> safe('<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>')
    'it holds <script>, which a narrative may not'
    """
    return None if plain(div) else parsed(div)


def parsed(div: str) -> str | None:
    """The same, from the parser, which decides."""
    from ..xml.parser import parse  # noqa: PLC0415 - loads lxml, which a start does not wait for

    try:
        root = parse(div.encode(), "the narrative")
    except FhirRefusal as wrong:
        return wrong.message
    except UnicodeEncodeError:
        return "the narrative is not Unicode"
    if root.tag != XHTML + "div":
        return "it wants one div in the namespace of XHTML"
    for node in root.iter():
        wrong_ = _node(node)
        if wrong_:
            return wrong_
    if not root.xpath("boolean(normalize-space(string(.)) or .//*[local-name()='img'])"):
        return "it holds neither text nor an image"
    return None


def _node(node: "etree._Element") -> str | None:
    tag: object = node.tag
    if not isinstance(tag, str):
        return None if getattr(tag, "__name__", "") == "Comment" else "it holds a processing instruction"
    name = tag.removeprefix(XHTML)
    if name not in ELEMENTS:
        return f"it holds <{name[:20]}>, which a narrative may not" if name.isalnum() else "it holds a foreign element"
    for key, value in node.attrib.items():
        name = str(key).lower()
        if name.startswith("on"):
            return "it holds an event attribute, which a narrative may not"
        scheme = _SCHEME.match(str(value)) if name in LINKS else None
        if scheme and scheme[1].lower() not in _SAFE:
            return f"its {name} has a scheme that a narrative may not have"
    return None
