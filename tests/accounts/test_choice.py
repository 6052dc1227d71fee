"""Which passwords may be chosen (WEB-04)."""

import pytest

from careweft.accounts import choice
from careweft.accounts.refusals import Unfit

NAMES = ("ana.li", "Ana María Li-Wong", "ana@mail.example.org", "Maple Clinic")


@pytest.mark.parametrize(
    ("password", "factor", "said"),
    [
        ("violet kettle sings", False, None),
        ("correct horse battery staple", False, None),
        ("ñandú corre por la pampa", False, None),
        ("密码是一条河流向远方的海边小镇而去", False, None),
        ("🐢🐢 turtles all the way 🐢", False, None),
        ("8364027195546378120", False, None),
        ("x7#kQ9!pLm2$", False, "password.short"),
        ("x7#kQ9!pLm2$", True, None),
        ("x7#kQ9!", True, "password.short"),
        ("kettle drum on a hill " * 5 + "123456789012345678", False, None),
        ("kettle drum on a hill " * 6, False, "password.long"),
        ("passwordpassword", False, "password.common"),
        ("P@ssw0rdP@ssw0rd!", False, "password.common"),
        ("Summer2024Summer2025", False, "password.common"),
        ("qwertyuiopasdfghjkl", False, "password.common"),
        ("1234567890123456789", False, "password.common"),
        ("aaaaaaaaaaaaaaaaaaaa", False, "password.common"),
        ("abcabcabcabcabcabcabc", False, "password.common"),
        ("letmein-letmein-letmein", False, "password.common"),
        ("Maple-Clinic-2026!!!", False, "password.common"),
        ("anali ana li wong maria", False, "password.common"),
        ("iloveyou jesus forever", False, "password.common"),
        ("               ", False, "password.common"),
        ("liverpool", True, "password.common"),
        ("dragon123", True, "password.common"),
    ],
)
def test_passwords_are_judged_by_what_remains(password, factor, said):
    """Each row: a password, whether a second factor is there, and what is said of it (None: it is taken)."""
    try:
        choice.check(password, NAMES, factor=factor)
    except Unfit as refused:
        found = refused.key
    else:
        found = None

    assert found == said


def test_letters_count_as_people_count_them():
    """One letter, however it is composed: both spellings are the same password."""
    from careweft.accounts.passwords import spelled

    assert spelled("Ana Mari\u0301a") == spelled("Ana Mar\u00eda")


def test_the_list_is_of_words():
    assert len(choice.common()) > 500
    assert all(word.isalpha() or word == "hunter2" for word in choice.common())
    assert all(word == word.casefold() for word in choice.common())
