"""`careweft load`, `sample`, `reindex`: records in, made up, and indexed anew."""

import argparse
import datetime as dt
import gc
import getpass
import hashlib
import sys
import time
import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .. import surfaces
from ..adapters import clock
from ..app import House
from ..fhir.validate.known import accepts
from ..intake.conformance import UNHELD, Held, Mode
from ..intake.load import Intake, concerned
from ..intake.pieces import Piece, files, pieces
from ..intake.report import Report
from ..ports.feed import Arrival
from ..ports.journal import Entry
from ..store.reindex import reindex as rebuilt
from .export import THERE, fetched
from .model import Command, Wrong, arg
from .place import at_home, settings_of, show

SHOWN = 20
"""Refused lines shown in the terminal; all of them go into the report file."""


def load(args: argparse.Namespace) -> int:
    """Load files and folders into a tenant; exit 1 when a line was refused."""
    found = list(files(here(args)))
    if not found:
        raise Wrong("no .ndjson, .ndjson.gz or .json file is there")

    async def run(house: House) -> Report:
        gc.disable()  # what is read holds no cycles: looking for them takes a sixth of the time
        tenant = await house.tenant(args.tenant)
        feed = await house.clinical.feed(tenant)
        intake = Intake(
            feed,
            tenant.id,
            surfaces.OFFERED,
            keep_seen=args.snapshot,
            entry=partial(entry, tenant.number),
            held=held(args.validate or house.settings.load_validation),
        )
        await read(intake, found, quiet=args.json)
        if args.snapshot:
            await intake.snapshot()
        return intake.report

    report = at_home(args, run, initial=args.initial)
    if args.json:
        show(args, report.as_json())
    else:
        tell(report, Path(args.report) if args.report else None, settings_of(args).data / "reports")
    return 1 if report.refused else 0


def here(args: argparse.Namespace) -> list[Path]:
    """The paths that were named; an export of a server that was named is fetched into the data folder first."""
    paths: list[Path] = []
    for one in args.paths:
        if one.startswith(("https://", "http://")):
            name = hashlib.sha256(f"{one} {args.group} {args.patients} {args.since}".encode()).hexdigest()[:16]
            folder = Path(args.into) if args.into else settings_of(args).data / "imports" / name
            paths += [path for path in fetched(args, one, folder) if not path.name.startswith("error.")]
        else:
            paths.append(Path(one))
    return paths


def held(mode: Mode) -> Held:
    """To what records are held that are loaded."""
    if mode == "off":
        return UNHELD
    return Held(mode, accepts)


def entry(tenant: int, arrivals: Sequence[Arrival]) -> Entry:
    """The audit entry of one batch: which operator brought records about whom."""
    return Entry(
        at=clock.now(),
        tenant=tenant,
        action="load",
        surface="command line",
        status=200,
        request_id=str(uuid.uuid4()),
        user=getpass.getuser(),
        patients=concerned(arrivals),
    )


async def read(intake: Intake, found: list[Path], *, quiet: bool) -> None:
    """Read every file, with a progress bar on the terminal."""
    bar = Bar(sum(path.stat().st_size for path in found), quiet=quiet)
    behind = 0
    for path in found:
        for piece in pieces(path):
            await intake.add(piece)
            bar.at(behind + (piece.read if isinstance(piece, Piece) else 0))
        behind += path.stat().st_size
        bar.at(behind)
    await intake.finish()
    bar.done()


class Bar:
    """A progress bar on the error output, when that is a terminal."""

    def __init__(self, size: int, *, quiet: bool) -> None:
        self._size, self._started, self._drawn = max(size, 1), time.monotonic(), 0.0
        self._on = sys.stderr.isatty() and not quiet

    def at(self, place: int) -> None:
        """Draw at most ten times a second."""
        now = time.monotonic()
        if self._on and now - self._drawn > 0.1:
            self._drawn = now
            full = min(40, 40 * place // self._size)
            speed = place / max(now - self._started, 0.001) / 1e6
            print(
                f"\r[{'#' * full}{'.' * (40 - full)}] {place / self._size:4.0%}  {speed:.1f} MB/s",
                end="",
                file=sys.stderr,
            )

    def done(self) -> None:
        """Leave a clean line."""
        if self._on:
            print("\r" + " " * 70 + "\r", end="", file=sys.stderr)


def tell(report: Report, to: Path | None, folder: Path) -> None:
    """The report for a person; where many lines were refused, all of them go to a file that is named."""
    for line in report.lines():
        print(line)
    if not report.refused:
        return
    sys.stdout.flush()  # the table stands above the lines also where both go to one file
    print(f"\n{len(report.refused):,} refused:", file=sys.stderr)
    for refusal in report.refused[:SHOWN]:
        print(f"  {refusal}", file=sys.stderr)
    if to or len(report.refused) > SHOWN:
        path = to or folder / f"refused-{clock.now():%Y%m%dT%H%M%SZ}.txt"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text("".join(f"{refusal}\n" for refusal in report.refused))
        print(f"  every refused line is in {path}", file=sys.stderr)


def sample(args: argparse.Namespace) -> int:
    """Write synthetic people as NDJSON, a file for each type."""
    from ..intake.sample.files import write

    today = dt.date.fromisoformat(args.today) if args.today else dt.datetime.now(dt.UTC).date()
    out = Path(args.out)
    counts = write(out, args.patients, args.seed, today=today)
    return show(args, {"folder": str(out), "resources": dict(sorted(counts.items()))})


def reindex(args: argparse.Namespace) -> int:
    """Bring stale index rows up to date, online."""

    async def run(house: House) -> dict[str, int]:
        tenants = [await house.tenant(args.tenant)] if args.tenant else await house.tenants.all()
        done: dict[str, int] = {}
        async for step in rebuilt(house.clinical, tenants):
            done[step.tenant.id] = step.done
        return done

    return show(args, {"reindexed": at_home(args, run)})


COMMANDS = (
    Command(
        ("load",),
        "load records: an idempotent feed, the same content makes no new version",
        load,
        (
            arg(
                "paths",
                metavar="PATH",
                nargs="+",
                help=".ndjson, .ndjson.gz, .json Bundles or resources, and folders of them; or the FHIR base URL of "
                "a server, whose export is fetched first",
            ),
            arg("--tenant", metavar="ID", required=True, help="whose records they are"),
            arg(
                "--initial",
                action="store_true",
                help="the first load of an empty database: indexes are built at the end",
            ),
            arg(
                "--snapshot", action="store_true", help="delete records of the loaded types that are not in these files"
            ),
            arg("--report", metavar="FILE", help="write every refused line here"),
            arg(
                "--validate",
                choices=("off", "report", "refuse"),
                help="what becomes of records that break R4 or the profiles that they claim (default: the setting "
                "load_validation)",
            ),
            arg("--into", metavar="DIR", help="of a URL: where its files are kept (default: in the data folder)"),
            *THERE,
        ),
    ),
    Command(
        ("sample",),
        "write synthetic people (US Core 6.1.0 and CARIN Blue Button) as NDJSON",
        sample,
        (
            arg("--patients", metavar="N", type=int, default=50, help="how many people (default: 50)"),
            arg("--seed", metavar="S", type=int, default=1, help="the same seed gives the same people (default: 1)"),
            arg("--out", metavar="DIR", required=True, help="folder to write to"),
            arg("--today", metavar="DATE", help="the day on which their lives have got so far (default: today)"),
        ),
    ),
    Command(
        ("reindex",),
        "bring search indexes up to date after an upgrade, while the server runs",
        reindex,
        (arg("--tenant", metavar="ID", help="only this tenant"),),
    ),
)
