"""Writes docs/reference from the tables and the code: `make docs`; with `--check` says which pages are stale, exit 1.

`tools/reference` has the words of each page; what stands there in double braces is made here. A page that is wrong is a
row that is wrong.
"""

import argparse
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import careweft.web
from careweft import cli, config
from careweft.access.reach import REACH, How
from careweft.cli.model import EVERYWHERE, Arg, Command
from careweft.fhir.definitions import SEARCH
from careweft.fhir.outcomes import FhirRefusal
from careweft.fhir.profiles.guides import CARIN_BB, US_CORE_3, US_CORE_6, Guide, elements, guide
from careweft.fhir.profiles.model import Element, Snapshot
from careweft.fhir.search import chain, features, parse, results
from careweft.fhir.search.features import Feature
from careweft.fhir.search.kinds import KINDS
from careweft.fhir.search.sort import sortable
from careweft.intake import pieces
from careweft.oauth.errors import OAuthError
from careweft.surfaces import ALL, INTAKE, Offer, Surface, issuers
from careweft.web import limits
from careweft.web.fhir.links import SECONDS
from careweft.web.intake.take import ENOUGH, LARGEST

ROOT = Path(__file__).resolve().parent.parent
WORDS, FOLDER = ROOT / "tools" / "reference", ROOT / "docs" / "reference"
MADE = "<!-- Made by tools/make_reference.py from the tables and the code: change those, then `make docs`. -->\n\n"
R4 = "https://hl7.org/fhir/R4/search.html"
T = TypeVar("T")

SEEN = {
    How.COMPARTMENT: "the patient's compartment",
    How.OWN: "what names the patient in `patient`",
    How.TARGET: "what is about nobody else",
    How.OWNER: "by id, what belongs to a record it sees",
    How.SHARED: "all",
    How.NEVER: "none",
}


def pages() -> Mapping[str, str]:
    """Every page by its name, as it should be."""
    made = {
        "command-line.md": command_line(),
        "settings.md": settings(),
        "resources.md": resources(),
        "search.md": search(),
        "profiles.md": profiles(),
        "errors.md": errors(),
    }
    return {name: MADE + filled((WORDS / name).read_text(), parts) for name, parts in made.items()}


def filled(words: str, parts: Mapping[str, str]) -> str:
    """The page with its parts in their places; KeyError for a place that nothing is made for."""
    page = re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]].strip("\n"), words)
    return page.rstrip("\n") + "\n"


def rows(cells: Iterable[Iterable[object]]) -> str:
    """The rows of a table."""
    return "\n".join("| " + " | ".join(str(one).replace("|", "\\|") for one in row) + " |" for row in cells)


def table(heads: str, cells: Iterable[Iterable[object]]) -> str:
    """A table; `heads` are separated by `|`."""
    return f"| {heads.replace('|', ' | ')} |\n{'|---' * (heads.count('|') + 1)}|\n{rows(cells)}\n"


def codes(words: Iterable[str]) -> str:
    """Words as code, in one line."""
    return " ".join(f"`{one}`" for one in words)


# command-line.md -----------------------------------------------------------------------------------------------------


def command_line() -> Mapping[str, str]:
    """Every command with its arguments."""
    listed = ((f"[{name(one)}](#{name(one).replace(' ', '-')})", one.help) for one in cli.commands())
    return {
        "commands": table("Command|What it does", listed),
        "everywhere": table("Argument|Meaning", map(argument, EVERYWHERE)),
        "each": "\n".join(map(section, cli.commands())),
    }


def section(one: Command) -> str:
    """One command: how it is typed, what it does, its arguments."""
    usage = " ".join([name(one), *map(used, one.args)])
    arguments = "\n" + table("Argument|Meaning", map(argument, one.args)) if one.args else ""
    return f"## {name(one)}\n\n{one.help[0].upper()}{one.help[1:]}.\n\n```\n{usage}\n```\n{arguments}"


def name(command: Command) -> str:
    """As it is typed."""
    return " ".join(("careweft", *command.words))


def used(given: Arg) -> str:
    """An argument in the line that shows the usage."""
    text = typed(given) + ("..." if given.more.get("nargs") == "+" else "")
    optional = given.flags[0].startswith("-") and not given.more.get("required")
    return (f"[{text}]" + ("..." if given.more.get("action") == "append" else "")) if optional else text


def typed(given: Arg) -> str:
    """A flag with what follows it, or the name of what is typed in its place."""
    value = "|".join(given.more.get("choices", ())) or given.more.get("metavar", "")
    return " ".join((*given.flags, value)).strip() if given.flags[0].startswith("-") else value


def argument(given: Arg) -> tuple[str, str]:
    """A row of the table of arguments."""
    return f"`{typed(given)}`", given.help + (" (required)" if given.more.get("required") else "")


# settings.md ---------------------------------------------------------------------------------------------------------


def settings() -> Mapping[str, str]:
    """Every environment variable."""
    told = (
        f"## {variable}\n\n{sentences(says)}\n" + (f"\nDefault: `{default}`\n" if default else "")
        for variable, default, says in config.reference()
    )
    return {"settings": "\n".join(told)}


def sentences(text: str) -> str:
    """One sentence, one line."""
    return text.replace(". ", ".\n")


# resources.md --------------------------------------------------------------------------------------------------------


def resources() -> Mapping[str, str]:
    """Every API and every type, read off `surfaces.ALL`."""
    types = list(dict.fromkeys(offer.type for one in ALL for offer in one.offers))
    return {
        "apis": table(
            "API|Base path|Takes|Default format|Types",
            ((s.name, f"`{s.base}`", f"`{s.audience}/` scopes", s.default_format, len(s.offers)) for s in ALL),
        ),
        "intake": INTAKE.base,
        "issuers": table(
            "Server|Token endpoint|Client authentication|Algorithms of assertions",
            ((i.name, f"`{i.base}/token`", codes(i.methods), codes(i.algorithms)) for i in issuers.ALL.values()),
        ),
        "common": codes(parse.COMMON),
        "types": table("Type|On|Interactions|A patient's token sees", map(summary, types)),
        "each": "\n\n".join("\n\n".join(about(one, offers(one))) for one in types),
    }


def offers(type_: str) -> Mapping[Surface, Offer]:
    """What each API offers of this type."""
    return {one: one.by_type[type_] for one in ALL if type_ in one.by_type}


def summary(type_: str) -> tuple[str, ...]:
    """A row of the table of types."""
    offered = offers(type_)
    common = frozenset.intersection(*(offer.can for offer in offered.values()))
    beside = [
        f"{codes(sorted(can - common))} ({whose})"
        for whose, can in parted(offered, lambda one: one.can)
        if can - common
    ]
    can = ", ".join([codes(sorted(common)), *beside])
    return f"[{type_}](#{type_.lower()})", where(offered), can, SEEN[REACH.get(type_, How.NEVER)]


def about(type_: str, offered: Mapping[Surface, Offer]) -> Iterator[str]:
    """The section of one type; what differs between the APIs is said for each."""
    yield f"## {type_}"
    for whose, params in parted(offered, lambda one: tuple(p for p in one.params if p not in parse.COMMON)):
        if params:
            heads = f"Parameter{f' ({whose})' if whose else ''}|Kind|Leads to"
            yield table(heads, (parameter(type_, param) for param in params)).strip()
    yield from said(offered, "Combinations", lambda one: tuple("+".join(each) for each in one.together))
    yield from said(offered, "`_include`", lambda one: one.includes)
    yield from said(offered, "`_revinclude`", lambda one: one.revincludes)
    yield from said(offered, "`_sort`", lambda one: sortable(type_, one.params) if "search-type" in one.can else ())
    yield from said(offered, "Operations", lambda one: one.operations)
    yield from said(offered, "Profiles", lambda one: tuple(url.rpartition("/")[2] for url in one.profiles))


def parameter(type_: str, code: str) -> tuple[str, str, str]:
    """A row of the table of parameters."""
    param = SEARCH[type_][code]
    leads = (codes(param.targets) or "any type") if param.kind == "reference" else ""
    return (f"[`{code}`]({param.url})" if param.url else f"`{code}`"), param.kind, leads


def said(offered: Mapping[Surface, Offer], what: str, of: Callable[[Offer], tuple[str, ...]]) -> Iterator[str]:
    """One line of a type's section, once for all APIs or once for each group that differs."""
    for whose, words in parted(offered, of):
        if words:
            yield f"{what}{f' ({whose})' if whose else ''}: {codes(words)}"


def parted(offered: Mapping[Surface, Offer], of: Callable[[Offer], T]) -> Iterator[tuple[str, T]]:
    """The APIs grouped by what they say; no name where all that offer the type say the same."""
    groups: dict[T, list[Surface]] = {}
    for one, offer in offered.items():
        groups.setdefault(of(offer), []).append(one)
    for value, members in groups.items():
        yield where(members) if len(groups) > 1 else "", value


def where(members: Iterable[Surface]) -> str:
    """These APIs in words."""
    found = list(members)
    if len(found) == len(ALL):
        return "all"
    sides = dict.fromkeys(one.side for one in found)
    whole = [one for one in ALL if one.side in sides] == found
    return " and ".join(sides) if whole else ", ".join(one.name for one in found)


# search.md -----------------------------------------------------------------------------------------------------------


def search() -> Mapping[str, str]:
    """Kinds, modifiers, prefixes, limits."""
    bounds = (
        ("parameters of a search", parse.PARAMS),
        ("alternatives of a parameter", parse.VALUES),
        ("characters of an alternative", parse.LENGTH),
        ("values in all, a bare id counting once for each type that it may be of", parse.TESTS),
        ("references of a chain, and within `_has`", chain.DEEPEST),
        ("types to which the chains of a search may lead, an unnamed one counting as each that it may be", chain.MOST),
        ("bytes of a URL", limits.URL_BYTES),
        ("bytes of a `_search` form", limits.FORM_BYTES),
        ("header fields", limits.HEADER_COUNT),
        ("bytes of all header fields", limits.HEADER_BYTES),
        ("bytes of a body for the intake, inflated", LARGEST),
        ("bytes of an NDJSON line", pieces.LINE),
        ("times its size to which a gzip body may swell", limits.RATIO),
        ("seconds in which the intake takes lines, before it says where to go on", int(ENOUGH)),
    )
    return {
        "kinds": table("Kind|Modifiers|Prefixes|Code", map(kind, KINDS)),
        "values": table("Kinds|Value|Finds|Example", map(feature, features.VALUES)),
        "modifiers": table("Kinds|Modifier|Finds|Examples", map(feature, features.MODIFIERS)),
        "prefixes": table("Kinds|Prefix|Finds what|Examples", map(feature, features.PREFIXES)),
        "chains": table("Over|Written|Finds what|Examples", map(feature, features.CHAINS)),
        "results": table("Parameter|Meaning|Examples", (feature(one)[1:] for one in features.RESULTS)),
        "count": str(results.COUNT),
        "most": str(results.MOST),
        "minutes": str(SECONDS // 60),
        "limits": rows((what, f"{most:,}") for what, most in bounds),
    }


def kind(code: str) -> tuple[str, str, str, str]:
    """A row of the table of kinds."""
    modifiers = [*sorted(KINDS[code].modifiers - {""}), *(["[type]"] if code == "reference" else []), "missing"]
    file = f"src/careweft/fhir/search/kinds/{code}.py"
    shown = codes(f":{one}" for one in modifiers)
    return f"[{code}]({R4}#{code})", shown, codes(KINDS[code].prefixes), f"[`{code}.py`](../../{file})"


def feature(one: Feature) -> tuple[str, str, str, str]:
    """A row of a table of features."""
    return one.on.replace(" ", ", ") or "any", f"`{one.name}`", one.meaning, codes(one.examples)


# profiles.md ---------------------------------------------------------------------------------------------------------

GUIDES = {US_CORE_6: "US Core", US_CORE_3: "US Core", CARIN_BB: "CARIN Blue Button"}


def profiles() -> Mapping[str, str]:
    """The profiles of every guide, and what they demand."""
    return {"guides": "\n".join(told for name, title in GUIDES.items() for told in guided(guide(name), title))}


def guided(one: Guide, title: str) -> Iterator[str]:
    """The section of one guide: its profiles of resources, then its extensions."""
    known = [found for url in sorted(one.own, key=str.lower) if (found := one.snapshot(url)) is not None]
    yield f"## {title} {one.version}\n\n`{one.canonical}`\n"
    resources_ = (profile(found) for found in known if found.kind == "resource")
    yield table("Profile|Type|Must have|Must support", resources_)
    if others := [extension(found) for found in known if found.type == "Extension"]:
        yield table("Extension|Holds", others)


def profile(one: Snapshot) -> tuple[str, str, str, str]:
    """A row of the table of profiles."""
    supported = (id_.partition(".")[2] for id_, each in elements(one) if each.must_support)
    return f"`{last(one.url)}`", one.type, codes(mandatory(one.elements[0])), codes(supported)


def mandatory(one: Element, above: str = "") -> Iterator[str]:
    """The elements under this one that are there wherever it is."""
    for each in one.children:
        if each.min:
            name_ = above + last(each.path.replace(".", "/")) + (f":{each.slice}" if each.slice else "")
            yield name_
            yield from mandatory(each, f"{name_}.")


def extension(one: Snapshot) -> tuple[str, str]:
    """A row of the table of extensions: the types of its value, or its parts."""
    under = [each for each in one.elements[0].children if each.max != 0]
    parts = [each.slice for each in under if each.slice]
    kinds = [ref.code for each in under if each.path == "Extension.value[x]" for ref in each.types]
    return f"`{last(one.url)}`", codes(parts or kinds)


def last(url: str) -> str:
    """What a URL ends in."""
    return url.rpartition("/")[2]


# errors.md -----------------------------------------------------------------------------------------------------------


def errors() -> Mapping[str, str]:
    """Every refusal, by the language of its path."""
    for module in pkgutil.walk_packages(careweft.web.__path__, "careweft.web."):
        import_module(module.name)
    told = {(one.status, f"`{one.code}`", one().message, one.retry_after or "") for one in family(FhirRefusal)}
    told.add((500, "`exception`", "Unexpected error, and the number of the request.", ""))
    oauth = ((one.status, f"`{one.error}`", one().description, one.retry_after or "") for one in family(OAuthError))
    return {
        "fhir": table("Status|`issue.code`|Meaning|`Retry-After`", sorted(told, key=str)),
        "oauth": table("Status|`error`|Meaning|`Retry-After`", oauth),
    }


def family(of: type[T]) -> Iterator[type[T]]:
    """Every kind of this refusal, in our own rooms."""
    for one in of.__subclasses__():
        if one.__module__.startswith("careweft."):
            yield one
            yield from family(one)


def stale(made: Mapping[str, str]) -> list[str]:
    """The names of the pages in the folder that are not what they should be."""
    return [name for name, text in made.items() if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text]


def main() -> int:
    """Write the pages, or with `--check` compare them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    check, made = asked.parse_args().check, pages()
    old = stale(made)
    for page in old:
        if not check:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / page).write_text(made[page])
        print(f"docs/reference/{page} {'is stale: run make docs' if check else 'written'}")
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
