"""What usernames and e-mail addresses look like."""

import re

from .refusals import Unfit

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}")
EMAIL = re.compile(
    r"(?=.{6,254}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def username(text: str) -> str:
    """A username; never an e-mail address, which others know (WEB-04). Raises Unfit (`username.shape`).

    >>> username(" ana.li ")
    'ana.li'
    """
    found = text.strip()
    if not USERNAME.fullmatch(found):
        raise Unfit("username.shape")
    return found


def email(text: str) -> str:
    """An address as it can stand in a letter's header. Raises Unfit (`email.shape`).

    >>> email("ana@mail.example.org")
    'ana@mail.example.org'
    """
    found = text.strip()
    if not EMAIL.fullmatch(found):
        raise Unfit("email.shape")
    return found
