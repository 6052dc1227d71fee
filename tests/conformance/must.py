"""Which must-support elements, slices, extensions and choices a set of resources never shows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from .annex import US_CORE, Profile, Slice

Json = dict[str, Any]


def missing(profile: Profile, resources: Iterable[Json]) -> list[str]:
    """What of the profile's table none of its resources has; of a choice, nothing once one of it is there."""
    held = list(resources)
    lacking = [path for path in profile.must if not any(has(profile, one, path) for one in held)]
    lacking += [name for name, url in profile.extensions.items() if not any(extended(one, url) for one in held)]
    lacking += [
        f"{part.path}:{part.name}"
        for part in profile.slices
        if not any(True for one in held for _ in sliced(profile, one, part))
    ]
    return [one for one in lacking if not any(chosen(one, choice, lacking) for choice in profile.either)]


def unled(profile: Profile, leads: Callable[[str, str], bool]) -> list[str]:
    """The references of the profile's table that `leads(path, target profile)` denies; of a choice one is enough."""
    missed = []
    for path, targets in profile.leads.items():
        lacking = [name for name in targets if not leads(path, US_CORE + name)]
        missed += [f"{path}>{name}" for name in lacking if not chosen(name, choice_of(profile, name), lacking)]
    return missed


def choice_of(profile: Profile, name: str) -> Sequence[str]:
    return next((one for one in profile.either if name in one), ())


def chosen(path: str, choice: Sequence[str], lacking: Sequence[str]) -> bool:
    """Is this one of a choice of which another is there? `name.use=old` counts as `name.use`."""
    plain = {one.partition("=")[0] for one in lacking}
    return path.partition("=")[0] in choice and any(one not in plain for one in choice)


def has(profile: Profile, resource: Json, path: str) -> bool:
    """A value at `component:systolic.valueQuantity.code=mm[Hg]`; one that is only an extension is none."""
    plain, _, wanted = path.partition("=")
    return any(present(value) and (not wanted or value == wanted) for value in at(profile, resource, plain))


def at(profile: Profile, node: Any, path: str) -> Iterator[Any]:
    """Every value at a path; `name[x]` is a choice by any of its types, `name:slice` what the slice holds."""
    return _walk(profile, node, path.split("."), "")


def _walk(profile: Profile, node: Any, steps: list[str], above: str) -> Iterator[Any]:
    if not steps:
        yield node
        return
    name, _, slice_ = steps[0].partition(":")
    here = f"{above}.{name}".lstrip(".")
    part = next((one for one in profile.slices if one.name == slice_ and one.path == here), None)
    for value in children(node, name):
        if part is None or belongs(profile, value, part):
            yield from _walk(profile, value, steps[1:], here)


def children(node: Any, name: str) -> Iterator[Any]:
    """The values that an object has under a name, one by one."""
    if not isinstance(node, dict):
        return
    stem = name.removesuffix("[x]")
    for key, value in node.items():
        if key == name or (stem != name and key.startswith(stem) and key[len(stem) :][:1].isupper()):
            yield from value if isinstance(value, list) else [value]


def sliced(profile: Profile, resource: Json, part: Slice) -> Iterator[Any]:
    """The values of a slice; one by type is the choice's name with the type."""
    if part.where == "type":
        wanted = f"{part.path.removesuffix('[x]')}{part.values[0]}"
        if part.path.endswith("[x]"):
            yield from children(resource, wanted)
            return
    yield from (value for value in at(profile, resource, part.path) if belongs(profile, value, part))


def belongs(profile: Profile, value: Any, part: Slice) -> bool:
    """Has the value one of the slice's codes where the slice looks?"""
    found = [value] if part.where == "." else list(at(profile, value, part.where))
    return any(coded(one) & set(part.values) for one in found)


def coded(value: Any) -> set[str]:
    """The system|code pairs of a Coding or CodeableConcept; an Identifier is its system."""
    if not isinstance(value, dict):
        return set()
    codings = value.get("coding", [value])
    return {f"{one.get('system', '')}|{one.get('code', '')}" for one in codings}


def extended(node: Any, url: str) -> bool:
    """Is there an extension of this URL, with something in it, at the top of the resource?"""
    return any(one.get("url") == url and len(one) > 1 for one in node.get("extension", ()))


def present(value: Any) -> bool:
    """Is it more than an extension?"""
    return bool(set(value) - {"extension", "id"}) if isinstance(value, dict) else value is not None
