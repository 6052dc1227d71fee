"""Names that people read before they say yes: nothing hidden, nothing that looks like another name (OATK-13)."""

import unicodedata

from .refusal import RegistrationRefused

LONGEST = 100
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ALIKE = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE")
"""Alphabets whose letters pass for one another's."""


def check_name(name: str) -> None:
    """An application's name. Raises RegistrationRefused."""
    if not 0 < len(name) <= LONGEST or name != " ".join(name.split()):
        raise RegistrationRefused(f"name wants 1 to {LONGEST} characters with single spaces between words")
    if unicodedata.normalize("NFKC", name) != name:
        raise RegistrationRefused("name wants plain letters, in composed form (NFKC)")
    if any(unicodedata.category(letter) in HIDDEN for letter in name):
        raise RegistrationRefused("name wants no invisible or direction-changing characters")
    for word in name.split():
        if (
            len(
                {alphabet for letter in word for alphabet in ALIKE if unicodedata.name(letter, "").startswith(alphabet)}
            )
            > 1
        ):
            raise RegistrationRefused("name wants words of one alphabet each")
