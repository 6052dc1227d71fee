"""Codes that people type from a letter: Crockford's letters, which cannot be taken for each other."""

from collections.abc import Callable

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
ALIKE = str.maketrans("oil", "011")


def code(chance: Callable[[int], bytes], size: int) -> str:
    """So many letters of five bits each, in groups.

    >>> code(lambda n: bytes(range(40, 40 + n)), 16)
    '89ab-cdef-ghjk-mnpq'
    """
    letters = "".join(LETTERS[byte & 31] for byte in chance(size))
    group = 4 if size % 4 == 0 else 5
    return "-".join(letters[start : start + group] for start in range(0, size, group))


def plain(typed: str) -> str:
    """A code as it is compared: no case, no dashes, no letters that look like another.

    >>> plain(" 89AB-cdef GHJK-mnpO ")
    '89abcdefghjkmnp0'
    """
    return "".join(letter for letter in typed.lower() if letter.isalnum()).translate(ALIKE)
