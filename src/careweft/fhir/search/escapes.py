r"""Commas, bars and backslashes in a value: https://hl7.org/fhir/R4/search.html#escaping

`\,` `\|` `\$` and `\\` stand for the character itself; a backslash before anything else is just a backslash.
"""

import re

_ESCAPED = re.compile(r"\\([,|$\\])")


def split(text: str, at: str) -> list[str]:
    r"""Cut at each `at` that is not escaped; the parts keep their escapes.

    >>> split(r"a\,b,c", ",")
    ['a\\,b', 'c']
    >>> split(r"a\\,b", ",")
    ['a\\\\', 'b']
    """
    parts, start, here = [], 0, 0
    while here < len(text):
        if text[here] == "\\":
            here += 1
        elif text[here] == at:
            parts.append(text[start:here])
            start = here + 1
        here += 1
    return [*parts, text[start:]]


def unescape(text: str) -> str:
    r"""The text that is meant.

    >>> unescape(r"a\,b\|c\$d\\e\f")
    'a,b|c$d\\e\\f'
    """
    return _ESCAPED.sub(r"\1", text)


def escape(text: str) -> str:
    r"""The other way: text as it is written in a value.

    >>> escape("a,b|c")
    'a\\,b\\|c'
    """
    return re.sub(r"([,|$\\])", r"\\\1", text)
