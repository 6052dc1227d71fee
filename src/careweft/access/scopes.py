"""SMART scopes in both spellings: https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html"""

import re
from dataclasses import field

from ..fhir.definitions import RESOURCES
from ..values import dataclass
from .filters import Pairs, readable

LONGEST = 1024
LEVELS = ("patient", "user", "system")
LETTERS = "cruds"
V1 = {"read": "rs", "write": "cud", "*": "cruds"}

# What each interaction needs (SCOPE-03). One that is not here needs a letter that nobody holds.
LETTER = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "search-type": "s",
    "$everything": "r",
    "$export": "r",
    "$validate": "r",
    "$docref": "s",
    "search-system": "s",
    "history-type": "s",
    "history-system": "s",
}

# RFC 6749 section 3.3 lets a scope hold neither space nor " nor \; `%` is left out so that a value is written one way.
_VALUE = r"[!#$'()*+,\-./0-9:;<=>?@A-Z\[\]^_`a-z{|}~]+"
_PAIR = rf"[A-Za-z_][A-Za-z0-9_-]*={_VALUE}"
SHAPE = re.compile(
    rf"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]*)\.(?:(?P<v1>read|write|\*)|(?P<v2>c?r?u?d?s?))"
    rf"(?:\?(?P<only>{_PAIR}(?:&{_PAIR})*))?"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """A right to one type or to `*`, as letters of `cruds`; `only` are the search parameters of a granular scope.

    Two scopes that mean the same are equal however they are spelled; `str` gives back what was written.
    """

    level: str
    type: str
    may: frozenset[str]
    only: Pairs = ()
    text: str = field(default="", compare=False, repr=False)

    @classmethod
    def read(cls, text: str) -> "Scope | None":
        """The scope that `text` spells; None where it is no resource scope, or one that this server cannot hold to.

        >>> Scope.read("patient/Observation.read") == Scope.read("patient/Observation.rs")
        True
        >>> Scope.read("system/Observation.rs?category=vital-signs").only
        (('category', 'vital-signs'),)
        >>> Scope.read("patient/Observation.dr") is Scope.read("openid") is None
        True
        """
        shape = SHAPE.fullmatch(text) if len(text) <= LONGEST else None
        if shape is None or not (shape["v1"] or shape["v2"]) or (shape["v1"] and shape["only"]):
            return None
        only = tuple(_pair(one) for one in (shape["only"] or "").split("&") if one)
        if not known(shape["type"], only):
            return None
        return cls(shape["level"], shape["type"], frozenset(V1.get(shape["v1"], shape["v2"])), only, text)

    def covers(self, type_: str) -> bool:
        """Is this scope about the type? `patient/*.rs?category=...` is not about types that have no such parameter."""
        return self.type in ("*", type_) and readable(type_, self.only)

    @property
    def spelled_v1(self) -> bool:
        """Was it written in the spelling of SMART 1: `.read`, `.write`, `.*`?"""
        return not self.only and self.text.rpartition(".")[2] in V1

    def __str__(self) -> str:
        return self.text or spell(self)


def _pair(text: str) -> tuple[str, str]:
    param, _, value = text.partition("=")
    return param, value


def known(type_: str, only: Pairs) -> bool:
    """Does R4 define the type, and these parameters as a filter of it? For `*`: of any type at all."""
    return any(readable(one, only) for one in (RESOURCES if type_ == "*" else (type_,)))


def spell(scope: Scope, *, v1: bool = False) -> str:
    """How to write a scope: as SMART 1 does where that is asked for and can say it, else as SMART 2.

    >>> spell(Scope("patient", "Patient", frozenset("sr")))
    'patient/Patient.rs'
    >>> spell(Scope("patient", "Patient", frozenset("rs")), v1=True)
    'patient/Patient.read'
    """
    letters = "".join(one for one in LETTERS if one in scope.may)
    words = {spelled: word for word, spelled in V1.items()}
    may = words.get(letters, letters) if v1 and not scope.only else letters
    only = "&".join(f"{param}={value}" for param, value in scope.only)
    return f"{scope.level}/{scope.type}.{may}" + (f"?{only}" if only else "")


def itself(user: str | None, text: str) -> tuple[Scope, ...]:
    """The right to read one's own record that the word `fhirUser` brings a practitioner (SMART-16); whoever else there
    is finds that record in reach anyway.

    >>> [str(one) for one in itself("Practitioner/y", "openid fhirUser user/Patient.rs")]
    ['user/Practitioner.r?_id=y']
    """
    type_, _, id_ = (user or "").partition("/")
    if type_ not in ("Practitioner", "PractitionerRole") or "fhirUser" not in text.split(" "):
        return ()
    found = Scope.read(f"user/{type_}.r?_id={id_}")
    return () if found is None else (found,)


def read_all(text: str) -> tuple[Scope, ...]:
    """Every resource scope of a scope string; what is none is left out."""
    return tuple(scope for one in text.split(" ") if (scope := Scope.read(one)))
