"""The consent page without HTML: what a person can tick, and which scopes come of it.

https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html (SMART-08). Each type is a permission of its
own; Condition and Observation fall into the parts that US Core names, so that a person may share some of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from ..access.reach import REACH, How
from ..access.scopes import LETTER, Scope, read_all, spell
from ..surfaces.model import Offer, Surface
from ..values import dataclass

Kind = Literal["record", "write", "identity", "lasting", "sensitive"]
READS, WRITES = frozenset("rs"), frozenset("cud")
LETTERS_OF: dict[Kind, frozenset[str]] = {"record": READS, "write": WRITES}
CONDITION = "http://terminology.hl7.org/CodeSystem/condition-category"
OBSERVATION = "http://terminology.hl7.org/CodeSystem/observation-category"
US_CONDITION = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"
US_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"

PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "Condition": (
        ("encounter-diagnosis", f"{CONDITION}|encounter-diagnosis"),
        ("health-concern", f"{US_CONDITION}|health-concern"),
        ("problem-list-item", f"{CONDITION}|problem-list-item"),
    ),
    "Observation": (
        ("clinical-test", f"{US_CATEGORY}|clinical-test"),
        ("laboratory", f"{OBSERVATION}|laboratory"),
        ("sdoh", f"{US_CATEGORY}|sdoh"),
        ("social-history", f"{OBSERVATION}|social-history"),
        ("survey", f"{OBSERVATION}|survey"),
        ("vital-signs", f"{OBSERVATION}|vital-signs"),
    ),
}
"""The parts that a person may share alone, by type: a word of ours, and the category that it stands for."""
IDENTITY = ("openid", "fhirUser", "profile")
LASTING = ("offline_access", "online_access")
CONTEXT = ("launch", "launch/patient", "launch/encounter")
SENSITIVE = "sensitive/"
REMEMBER = "remember"
"""The key of the tick box by which a person is not asked again when the same is asked."""


@dataclass(frozen=True, slots=True)
class Part:
    """A tick box within a permission. `word` is one of PARTS, or the filter of a scope as the application wrote it."""

    key: str
    word: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Permission:
    """A tick box, on as it is shown where `ticked`. `type` is a resource type, or the scope word that it stands for.

    Its key among the ticks grants `scopes`, the key of one of its `parts` that part alone.
    """

    key: str
    kind: Kind
    type: str
    scopes: tuple[Scope, ...] = ()
    parts: tuple[Part, ...] = ()
    ticked: bool = True


def permissions(
    scopes: Iterable[str], surface: Surface, *, types: Iterable[str] | None = None, sensitive: bool = True
) -> tuple[Permission, ...]:
    """Every tick box for what an application asks for: types in the order of the surface, then words.

    `types` are the only ones that may be granted, None for no such limit; `sensitive` whether labelled records may.
    """
    texts = tuple(scopes)
    may = None if types is None else frozenset(types)
    asked = read_all(" ".join(texts))
    records = (one for one in _records(asked, surface) if may is None or one.type in may)
    return (*records, *_words(texts, sensitive=sensitive))


def chosen(
    scopes: Iterable[str], surface: Surface, offered: tuple[Permission, ...], ticked: Iterable[str]
) -> tuple[str, ...]:
    """The scopes that these ticks among the boxes `offered` grant, exactly (SMART-08); launch words come with any
    record.

    A scope goes back as it was asked for where every box of it is ticked, a wildcard only where there was a box for
    everything; else box by box.
    """
    texts = tuple(scopes)
    keys = frozenset(ticked) & {key for one in offered for key in (one.key, *(part.key for part in one.parts))}
    records = tuple(_granted(texts, permissions(texts, surface), keys))
    words = {one.type for one in offered if not one.scopes and one.key in keys}
    kept = [text for text in texts if text in words or (records and text in CONTEXT)]
    return (*kept, *dict.fromkeys(map(str, records)))


def _records(asked: tuple[Scope, ...], surface: Surface) -> Iterator[Permission]:
    """One permission for each type and kind: what is read, then what is written."""
    kinds: tuple[Kind, ...] = ("record", "write")
    for kind in kinds:
        for offer in surface.offers:
            found = [piece for one in asked if (piece := _piece(one, offer, kind))]
            # each once in each spelling: a scope's own pieces are known by how it is spelled
            pieces = tuple({(piece, piece.spelled_v1): piece for piece in found}.values())
            if pieces:
                key = f"{kind}:{offer.type}"
                yield Permission(key, kind, offer.type, pieces, tuple(_parts(key, offer.type, pieces)))


def _piece(scope: Scope, offer: Offer, kind: Kind) -> Scope | None:
    """What a scope asks of one type in one kind, None where that is nothing that this API has."""
    offered = {LETTER[one] for one in (*offer.can, *offer.operations)}
    may = scope.may & LETTERS_OF[kind] & offered
    hidden = scope.level == "patient" and REACH.get(offer.type, How.NEVER) is How.NEVER
    if not may or hidden or not scope.covers(offer.type):
        return None
    if scope.type == offer.type:
        may = scope.may & LETTERS_OF[kind]  # as it was asked for, letters that nothing needs included
    return _spelled(replace(scope, type=offer.type, may=may), v1=scope.spelled_v1)


def _spelled(scope: Scope, *, v1: bool) -> Scope:
    return replace(scope, text=spell(replace(scope, text=""), v1=v1))


def _parts(key: str, type_: str, pieces: tuple[Scope, ...]) -> Iterator[Part]:
    """The boxes within: the categories of PARTS where the whole type is asked for, else each filter asked for."""
    whole = [one for one in pieces if not one.only]
    if whole:
        for word, value in PARTS.get(type_, ()) if key.startswith("record:") else ():
            made = (replace(one, only=(("category", value),)) for one in whole)
            yield Part(f"{key}:{word}", word, tuple(_spelled(one, v1=False) for one in made))
    elif len(pieces) > 1:
        names = {f"category={value}": word for word, value in PARTS.get(type_, ())}
        for only in dict.fromkeys(one.only for one in pieces):
            text = "&".join(f"{param}={value}" for param, value in only)
            word = names.get(text, text)
            yield Part(f"{key}:{word}", word, tuple(one for one in pieces if one.only == only))


def _words(texts: tuple[str, ...], *, sensitive: bool) -> Iterator[Permission]:
    """One permission for each word that a person can refuse; sensitive ones are off until they are ticked."""
    for word in dict.fromkeys(texts):
        if word in IDENTITY:
            yield Permission(f"identity:{word}", "identity", word)
        elif word in LASTING:
            yield Permission(f"lasting:{word}", "lasting", word)
        elif word.startswith(SENSITIVE) and sensitive:
            yield Permission(f"sensitive:{word.removeprefix(SENSITIVE)}", "sensitive", word, ticked=False)


def _granted(texts: tuple[str, ...], offered: tuple[Permission, ...], keys: frozenset[str]) -> Iterator[Scope]:
    """Whole scopes as they were asked for, then pieces of the others, joined where they are of one type and filter."""
    records = [one for one in offered if one.scopes]
    rest: dict[tuple[str, str, tuple[tuple[str, str], ...], bool], frozenset[str]] = {}
    whole: list[Scope] = []
    for asked in read_all(" ".join(texts)):
        mine = [(one, piece) for one in records for piece in one.scopes if _of(piece, asked)]
        if mine and all(one.key in keys for one, _ in mine) and _complete(asked, mine):
            whole.append(asked)
            continue
        for one, piece in mine:
            for got in _ticked(one, piece, keys):
                place = got.level, got.type, got.only, got.spelled_v1
                rest[place] = rest.get(place, frozenset()) | got.may
    yield from whole
    for (level, type_, only, v1), may in rest.items():
        yield _spelled(Scope(level, type_, may, only), v1=v1)


def _of(piece: Scope, asked: Scope) -> bool:
    """Is this piece a piece of that scope?"""
    same = piece.level == asked.level and piece.only == asked.only and piece.spelled_v1 == asked.spelled_v1
    return same and asked.type in ("*", piece.type) and piece.may <= asked.may


def _complete(asked: Scope, mine: list[tuple[Permission, Scope]]) -> bool:
    """Does what is ticked hold all the letters that the scope asks for, as far as anything has them?"""
    return asked.type == "*" or frozenset().union(*(piece.may for _, piece in mine)) >= asked.may


def _ticked(permission: Permission, piece: Scope, keys: frozenset[str]) -> Iterator[Scope]:
    """What of a piece was ticked: all of it, or some of its parts."""
    if permission.key in keys:
        yield piece
        return
    for part in permission.parts:
        if part.key in keys:
            yield from (one for one in part.scopes if one.level == piece.level and one.may == piece.may)
