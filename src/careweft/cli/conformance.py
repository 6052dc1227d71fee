"""`careweft check records`: how well a tenant's records keep to their profiles, and what they never hold."""

import argparse
import getpass
import uuid
from collections.abc import Iterator
from typing import Any

from .. import surfaces
from ..adapters import clock
from ..app import House
from ..fhir.validate.known import validator
from ..intake.conformance import Survey
from ..ports.journal import Entry
from ..store.survey import every
from ..tenancy import Tenant
from .place import at_home, show

SHOWN = 10
"""Kinds of issue that are told to a person of each profile."""


def survey(args: argparse.Namespace) -> int:
    """Look at every current record of a tenant; exit 1 when one has an error."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        await house.journal.write(entry(tenant))
        looked = Survey(validator(), expected())
        async for resource in every(house.clinical, tenant):
            looked.add(resource)
        return looked.as_json()

    report = at_home(args, run)
    if args.json:
        show(args, report)
    else:
        for line in lines(report):
            print(line)
    return int(bool(report["failing"]))


def expected() -> list[str]:
    """The profiles that the APIs promise."""
    return list(dict.fromkeys(url for one in surfaces.ALL for offer in one.offers for url in offer.profiles))


def entry(tenant: Tenant) -> Entry:
    """The audit entry: an operator had all of a tenant's records looked at. None of them is shown."""
    return Entry(
        at=clock.now(),
        tenant=tenant.number,
        action="operation",
        surface="command line",
        status=200,
        request_id=str(uuid.uuid4()),
        user=getpass.getuser(),
    )


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report for a person."""
    unclaimed = [url.rpartition("/")[2] for url, one in report["profiles"].items() if not one["records"]]
    for url, one in report["profiles"].items():
        if not one["records"]:
            continue
        yield f"{url}: {one['records']:,} records, {one['failing']:,} with errors"
        for issue in one["issues"][:SHOWN]:
            yield f"{issue['count']:>8,} x {issue['issue']}; {' '.join(issue['first'])}"
        if len(one["issues"]) > SHOWN:
            yield f"         and {len(one['issues']) - SHOWN:,} further kinds of issue (--json tells all)"
        if one["must_support_never_seen"]:
            yield f"         must-support, but in no record: {', '.join(one['must_support_never_seen'])}"
    if unclaimed:
        yield f"promised by an API, but claimed by no record: {', '.join(unclaimed)}"
    yield f"{report['records']:,} records looked at"
