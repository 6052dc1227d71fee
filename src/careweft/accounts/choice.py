"""Which passwords may be chosen: long ones that are not made of what everybody tries first.

NIST SP 800-63B-4 3.1.1.2 (WEB-04): length is asked for, any character is taken, nothing has to be changed in time.
What is refused leaves too little once common words, names, rows of keys, years and repetitions are gone from it.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import resources

from .passwords import LONGEST
from .refusals import Unfit

SHORTEST, SHORTEST_WITH_FACTOR = 15, 8
REMAINS = 5
"""So many characters have to be left."""
ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "1234567890")
PLAIN = str.maketrans("0134578@$!", "oleastbasi")
"""Digits and signs that stand for letters."""


def check(password: str, context: Iterable[str], *, factor: bool) -> None:
    """Raise Unfit where it is too short, too long, or made of what is tried first; `context` are names around it."""
    text = unicodedata.normalize("NFKC", password)
    if len(text) < (SHORTEST_WITH_FACTOR if factor else SHORTEST):
        raise Unfit("password.short")
    if len(text) > LONGEST:
        raise Unfit("password.long")
    words = {*common(), *context_words(context)}
    lower = text.casefold()
    if min(len(remains(one, words)) for one in (lower, lower.translate(PLAIN))) < REMAINS:
        raise Unfit("password.common")


def remains(text: str, words: Iterable[str]) -> str:
    """What of `text` is no common word, row of keys, year, repetition or sign.

    >>> remains("monkey-monkey-2024!", {"monkey"}), remains("qwertz12345ooooo", ()), remains("xkcdxkcdxkcdxkcd", ())
    ('', '', 'xkcd')
    """
    for word in sorted({word for word in words if word in text}, key=len, reverse=True):
        text = text.replace(word, " ")
    text = re.sub(r"(19|20)\d\d", " ", text)
    text = re.sub(r"(.)\1{2,}", " ", _without_rows(text))
    text = re.sub(r"[\W_]+", "", text)
    return re.sub(r"(.{1,8}?)\1+", r"\1", text)


def _without_rows(text: str) -> str:
    for row in ROWS:
        for way in (row + row, (row + row)[::-1]):
            for size in range(len(row), 2, -1):
                for start in range(len(row)):
                    text = text.replace(way[start : start + size], " ")
    return text


def context_words(names: Iterable[str]) -> set[str]:
    """The words of these names that are long enough to be told in a password.

    >>> sorted(context_words(["Ana-María Li", "ana.li@mail.example.org"]))
    ['ana', 'example', 'mail', 'maría', 'org']
    """
    return {word for name in names for word in re.findall(r"[^\W_]{3,}", name.casefold())}


@cache
def common() -> frozenset[str]:
    """The words that passwords are made of before all others."""
    text = resources.files(__package__).joinpath("common.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
