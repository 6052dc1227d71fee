"""What a narrative may hold on its way in: https://hl7.org/fhir/R4/narrative.html (FHIR-13)

XHTML of the formatting chapters, without anything that runs, loads or posts. It is refused rather than cleaned: a
narrative belongs to its author, and one that was changed on the way would no longer say what was signed.
"""

import re

from lxml import etree

from .outcomes import FhirRefusal
from .xml.parser import parse

XHTML = "{http://www.w3.org/1999/xhtml}"
# XHTML 1.0 chapters 7 to 11 (without the head) and 15, with <a> and <img>.
_ELEMENTS = (
    "a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4"
    " h5 h6 hr i img ins kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var"
)
_ATTRIBUTES = (
    "abbr align alt axis bgcolor border cellpadding cellspacing char charoff cite class color colspan compact datetime"
    " dir frame headers height href hspace id lang name noshade nowrap rel rowspan rules scope size span src start"
    " style summary title type valign value vspace width"
)
ELEMENTS, ATTRIBUTES = frozenset(_ELEMENTS.split()), frozenset(_ATTRIBUTES.split())
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# A link may be followed by a person; an image is loaded without asking, so it is within the record.
HREF = re.compile(
    r"(?:#|https?://|mailto:|tel:|urn:|[A-Za-z0-9][A-Za-z0-9\-./]*(?:[?#]|$))[^\x00-\x20]*", re.IGNORECASE
)
SRC = re.compile(
    r"#[A-Za-z0-9\-.]{1,64}|data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+|Binary/[A-Za-z0-9\-.]{1,64}"
)
# Style may form a text, never fetch, run or leave its place.
STYLE = re.compile(r"url|expression|import|behavior|binding|javascript|position|(?<!rgb)\(|\\|@|/\*|<|&", re.IGNORECASE)


def reason(div: str) -> str | None:
    """Why this is no `div` that is taken, or None.

    >>> reason('<div xmlns="http://www.w3.org/1999/xhtml"><p class="a">Well.</p></div>')
    >>> reason('<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>')
    'holds an element that a narrative may not: script'
    """
    try:
        root = parse(div.encode(), "the narrative")
    except FhirRefusal as refusal:
        return refusal.message
    except UnicodeEncodeError:
        return "is no Unicode text"
    if root.tag != f"{XHTML}div":
        return "wants one div in the namespace of XHTML"
    for node in root.iter():
        if (why := _node(node)) is not None:
            return why
    if not "".join(map(str, root.itertext())).strip() and root.find(f".//{XHTML}img") is None:
        return "wants text or an image (txt-2)"
    return None


def _node(node: etree._Element) -> str | None:
    tag: object = node.tag
    if not isinstance(tag, str):
        comment = isinstance(node, etree._Comment)  # noqa: SLF001 - so lxml calls its types
        return None if comment else "holds a processing instruction or an entity"
    name = tag.removeprefix(XHTML)
    if name not in ELEMENTS:
        return f"holds an element that a narrative may not{_named(name)}"
    for key, value in node.attrib.items():
        if (why := _attribute(str(key), str(value))) is not None:
            return why
    return None


def _attribute(name: str, value: str) -> str | None:
    if name not in ATTRIBUTES and name != XML_LANG:
        return f"holds an attribute that a narrative may not{_named(name)}"
    if name in ("href", "cite") and not HREF.fullmatch(value.strip()):
        return f"holds a link that a narrative may not, in {name}"
    if name == "src" and not SRC.fullmatch(value.strip()):
        return "holds an image from outside of the record"
    if name == "style" and STYLE.search(value):
        return "holds a style that does more than form a text"
    return None


def _named(name: str) -> str:
    return f": {name}" if name.isascii() and name.isalnum() and len(name) < 20 else ""
