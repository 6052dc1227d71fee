"""`careweft explain`: how a search is run, for an operator who has the database; nothing of it is told over HTTP."""

import argparse
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from .. import surfaces
from ..access.caller import Caller
from ..access.decide import Denied
from ..access.narrow import narrow
from ..access.scopes import read_all
from ..adapters import clock
from ..app import House
from ..fhir.search.context import Context
from ..fhir.search.parse import parse
from ..store.explain import Explained
from .model import Command, Usage, Wrong, arg
from .place import at_home, show

RESULTS = ("_format", "_pretty")


def explain(args: argparse.Namespace) -> int:
    """Tell the access path, the indexes and the plan of a search, as an application or a patient would have it run."""
    type_, _, query = args.search.rpartition("/")[2].partition("?")
    surface = surfaces.find(args.side, "patient" if args.patient else "system")
    if type_ not in surface.by_type:
        raise Usage(f"{surface.name} offers no {type_ or 'search without a type'}")
    pairs = parse_qsl(query, keep_blank_values=True)

    async def run(house: House) -> Explained:
        tenant = await house.tenant(args.tenant)
        here = Context(clock.now(), ZoneInfo(tenant.zone), surface.url(house.settings.public_url, tenant.id))
        offers = surface.by_type
        asked = parse(type_, offers[type_], pairs, here, others=offers).query
        level = "patient" if args.patient else "system"
        caller = Caller("careweft explain", tenant.id, "", read_all(f"{level}/*.rs"), patient=args.patient)
        narrowed = narrow(asked, caller, surface, tenant.zone)
        if isinstance(narrowed, Denied):
            raise Wrong(narrowed.because)
        return await (await house.clinical.records(tenant)).explain(narrowed, run=args.analyze)

    return told(args, at_home(args, run), [name for name, _ in pairs if name not in RESULTS])


def told(args: argparse.Namespace, found: Explained, names: list[str]) -> int:
    """Print it; of the search its parameters' names alone."""
    head: dict[str, Any] = {"path": found.path, "parameters": names, "indexes": list(found.indexes)}
    if found.ms is not None:
        head |= {"milliseconds": round(found.ms, 2), "blocks": found.blocks}
    nodes = [asdict(one) for one in found.nodes]
    if args.json:
        return show(args, head | {"plan": nodes})
    show(args, head)
    print()
    return show(args, nodes)


COMMANDS = (
    Command(
        ("explain",),
        "tell how a search is run: access path, indexes, plan; no values",
        explain,
        (
            arg("search", metavar="SEARCH", help="such as 'Observation?code=8867-4&_sort=-date'"),
            arg("--tenant", metavar="ID", required=True, help="in whose records"),
            arg("--side", choices=("provider", "payer"), default="provider", help="of which APIs (default: provider)"),
            arg("--patient", metavar="ID", help="as this patient's token sees them (default: as a system's)"),
            arg(
                "--analyze",
                action="store_true",
                help="run it too; tells rows and times, not what is found",
            ),
        ),
    ),
)
