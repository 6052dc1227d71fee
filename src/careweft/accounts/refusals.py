"""What a person is refused, as keys: the pages hold the plain words for each, in the languages they speak.

`str(refusal)` is the key. `entry` is the audit entry, which the door makes durable before it answers; its reason tells
what happened and never whether a username exists.
"""

from typing import ClassVar

from ..ports.journal import Entry


class Refused(Exception):
    """The person was refused; `key` says why, `wait` after how many seconds another try makes sense."""

    status: ClassVar[int] = 403

    def __init__(self, key: str, wait: int | None = None) -> None:
        super().__init__(key)
        self.key = key
        self.wait = wait
        self.entry: Entry | None = None


class Wrong(Refused):
    """What was shown does not prove anything: `sign-in`, `code`, `passkey`, `invitation`, `link`."""

    status = 401


class Slow(Refused):
    """Too many tries: `slow` with `wait`, or `locked`, which a reset by mail or a passkey opens."""

    status = 429


class Unfit(Refused):
    """What was entered cannot be taken: `password.short`, `password.common`, `username.taken`, ..."""

    status = 422


class Again(Refused):
    """The person has to prove once more who they are before this: `again`."""

    status = 403


class Elsewhere(Refused):
    """This cannot be done here: `mail.none`, `upstream`, ..."""

    status = 409


KEYS: dict[str, str] = {
    "sign-in": "name and password do not belong together, or the account is not in use",
    "code": "the code of the second factor does not hold, or was used before",
    "passkey": "the passkey was not accepted",
    "step": "this sign-in took too long; begin anew",
    "slow": "too many tries; wait so many seconds",
    "locked": "too many tries in all: reset the password by mail, or use a passkey or a browser known to us",
    "busy": "too many people sign in at this moment; try again in a few seconds",
    "again": "prove again who you are before you change this",
    "enrol": "set up a second factor first",
    "password.short": "15 characters at least, 8 with a second factor",
    "password.long": "128 characters at most",
    "password.common": "too easy to guess: made of common words, of your own names, or of rows of keys",
    "password.wrong": "the present password is another one",
    "username.shape": "3 to 64 letters, digits, dots, dashes or underscores; no e-mail address",
    "username.taken": "this name is taken",
    "email.shape": "this is no e-mail address",
    "name.shape": "a given name and a family name are wanted, of at most 100 letters",
    "invitation": "the invitation is unknown, used, too old, or the fact does not fit",
    "link": "the link is unknown, used or too old",
    "mail.none": "this installation sends no mail; ask your organization",
    "factor.last": "your role wants a second factor; enrol another one first",
    "factor.there": "there is one already",
    "relation.self": "nobody is invited to act for themselves",
    "relation.until": "an end lies in the future",
    "relation.unknown": "there is no such relation",
    "relation.types": "there is no such type of record",
    "record.unknown": "there is no such record",
    "record.taken": "this record has an account in this role already",
    "record.several": "more than one record has this identifier",
    "record.role": "this record cannot stand for somebody of this role",
    "upstream.unknown": "your organization's sign-in does not name anybody who is known here",
    "upstream.several": "your organization's sign-in fits more than one record; ask your organization",
    "upstream.failed": "your organization's sign-in did not succeed",
    "upstream.none": "this organization has no sign-in of its own",
}
"""Every key, with what it means."""
