"""Codes by value set and by hierarchy: https://hl7.org/fhir/R4/search.html#token, `:in`, `:not-in`, `:above`, `:below`

No terminology server is asked: the value sets and hierarchies are those that R4 itself lists in full. Any other is
refused, since half an answer would be a wrong one.
"""

from collections.abc import Iterable, Iterator

from ...definitions import codes
from ...definitions.hierarchy import CHILDREN, above, below
from ...outcomes import BadValue
from ..escapes import unescape

LARGEST = 1000
Coded = tuple[str, str]
_RELATED = {"above": above, "below": below}


def members(name: str, value: str) -> Iterable[Coded]:
    """System and code of each member of a value set. Raises BadValue.

    >>> sorted(members("gender", "http://hl7.org/fhir/ValueSet/administrative-gender"))[0]
    ('http://hl7.org/fhir/administrative-gender', 'female')
    """
    url = unescape(value)
    found = codes(url.partition("|")[0])
    if not 0 < len(found) <= LARGEST:
        raise BadValue(
            f"{name}:in and :not-in want a value set of a required binding of R4, such as "
            f"http://hl7.org/fhir/ValueSet/observation-status; the codes of {link(url)} are not known here"
        )
    return sorted(found)


def related(name: str, how: str, system: str | None, code: str | None) -> Iterator[Coded]:
    """System and code of what is above or below a code, itself among it. Raises BadValue."""
    found = False
    for of in CHILDREN if system is None else [system]:
        for one in sorted(_RELATED[how](of, code or "")):
            found = True
            yield of, one
    if not found:
        raise BadValue(
            f"{name}:{how} wants a code of a code system whose hierarchy R4 lists, such as "
            "http://terminology.hl7.org/CodeSystem/condition-clinical|active; "
            + (f"of {link(system)} and this code none is known here" if system else "this code is in none of them")
        )


def link(url: str) -> str:
    """A URL as it may be said again."""
    return "".join(one if one.isascii() and (one.isalnum() or one in ":/._-") else "." for one in url[:100])
