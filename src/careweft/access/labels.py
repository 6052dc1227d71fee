"""The scope words that open sensitive records, and the labels that each opens.

A record shows only to a token that carries the word of every label on it; patients' own tokens are no exception.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..fhir.labels import BITS, EVERY

WORDS: Mapping[str, int] = MappingProxyType({f"sensitive/{label}": bit for label, bit in BITS.items()})
"""The words, as they are registered, granted and carried in a token's `scope`."""

MEANING: Mapping[str, str] = MappingProxyType(
    {
        "sensitive/R": "records marked restricted",
        "sensitive/V": "records marked very restricted",
        "sensitive/ETH": "records about alcohol use",
        "sensitive/SUD": "records about substance use and its treatment",
        "sensitive/PSY": "records about mental health",
    }
)
"""What each word opens, in plain words."""


def words(scope: str) -> tuple[str, ...]:
    """The sensitive words of a scope string, in the order of the table, each once.

    >>> words("patient/*.rs sensitive/SUD openid sensitive/R")
    ('sensitive/R', 'sensitive/SUD')
    """
    said = set(scope.split(" "))
    return tuple(one for one in WORDS if one in said)


def opened(words_: Iterable[str]) -> int:
    """The labels that these words open, as bits; a word that is none opens nothing."""
    found = 0
    for one in words_:
        found |= WORDS.get(one, 0)
    return found


def withheld(opened_: int) -> int:
    """The labels that stay closed where these are open."""
    return EVERY & ~opened_
