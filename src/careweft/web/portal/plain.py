"""What scopes would open, in words that an owner reads before saying yes."""

from collections.abc import Iterable

from ...access import labels as sensitive
from ...access.scopes import Scope
from ...registry.picker import CONTEXT
from .. import texts

LEVELS = {
    "system": "of every patient, without anybody who signs in",
    "user": "of the patients whom the person who signs in may see",
    "patient": "of one patient at a time, who or whose practitioner agrees",
}


def sees(scopes: Iterable[str]) -> list[str]:
    """One sentence for each scope.

    >>> sees(["patient/Immunization.rs"])
    ['Read and search Immunization (Shots) of one patient at a time, who or whose practitioner agrees']
    """
    return list(dict.fromkeys(told(one) for one in scopes))


def told(text: str) -> str:
    """One scope."""
    scope = Scope.read(text)
    if scope is None:
        return sensitive.MEANING[text].capitalize() if text in sensitive.MEANING else f"Learn {CONTEXT.get(text, text)}"
    what = "everything that this API offers" if scope.type == "*" else named(scope.type)
    part = f", only where {' and '.join('='.join(one) for one in scope.only)}" if scope.only else ""
    return f"{does(scope.may)} {what}{part} {LEVELS[scope.level]}"


def named(type_: str) -> str:
    """A type of record, with what people call it."""
    key = f"record.{type_}"
    return f"{type_} ({texts.say('en')(key)})" if texts.known(key) else type_


def does(may: frozenset[str]) -> str:
    """What letters of `cruds` let one do."""
    words = {"r": "read", "s": "search", "c": "create", "u": "change", "d": "delete"}
    found = [words[one] for one in "rscud" if one in may]
    return (", ".join(found[:-1]) + " and " + found[-1] if len(found) > 1 else found[0]).capitalize()
