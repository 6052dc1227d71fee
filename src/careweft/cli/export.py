"""`careweft export`: fetch an export of any Bulk Data server, and of ours."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ..adapters.bulk import BulkClient, Login, Wanted
from .awaited import awaited
from .model import Arg, Command, Usage, Wrong, arg
from .place import show


def export(args: argparse.Namespace) -> int:
    """Fetch an export into a folder; run again, it goes on where it was broken off."""
    folder = Path(args.out)
    files = fetched(args, args.url, folder)
    shown = {"folder": str(folder), "files": len(files), "bytes": sum(one.stat().st_size for one in files)}
    return show(args, shown)


def fetched(args: argparse.Namespace, url: str, folder: Path) -> list[Path]:
    """The files of the export that the command line asks for. Raises Wrong."""
    line = Line(quiet=args.json)
    client = BulkClient(wanted(args, url), login(args), folder, line.told, args.parallel)
    try:
        return awaited(client.run(keep=args.keep))
    except OSError as failure:
        raise Wrong(str(failure)) from failure
    finally:
        line.done()


def wanted(args: argparse.Namespace, url: str) -> Wanted:
    """Which export."""
    if args.group and args.patients:
        raise Usage("--group and --patients are two exports")
    below = f"Group/{args.group}/" if args.group else "Patient/" if args.patients else ""
    params = [("_type", ",".join(args.type))] if args.type else []
    params += [("_since", args.since)] if args.since else []
    for one in args.param:
        name, equals, value = one.partition("=")
        if not equals:
            raise Usage("--param wants NAME=VALUE")
        params.append((name, value))
    return Wanted(url, below, params)


def login(args: argparse.Namespace) -> Login:
    """How we prove ourselves there; secrets come from files, never from the command line."""
    if sum(bool(one) for one in (args.key, args.secret_file, args.token_file)) != 1:
        raise Usage("one of --key, --secret-file and --token-file is needed")
    if args.token_file:
        return Login(token=Path(args.token_file).read_text().strip())
    if not args.client:
        raise Usage("--client is needed: the id under which you are registered there")
    secret = Path(args.secret_file).read_text().strip() if args.secret_file else None
    return Login(args.client, key(Path(args.key)) if args.key else None, secret, None, args.scope, args.token_url)


def key(path: Path) -> dict[str, Any]:
    """The private key: a JWK, or the one private key of a JWK Set."""
    found: dict[str, Any] = json.loads(path.read_text())
    keys = [one for one in found.get("keys", [found]) if "d" in one]
    if len(keys) != 1:
        raise Usage(f"{path} wants one private key, as a JWK or in a JWK Set")
    one: dict[str, Any] = keys[0]
    return one


class Line:
    """What is going on, on one line of the error output, when that is a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._on = sys.stderr.isatty() and not quiet

    def told(self, what: str, part: float) -> None:
        """Draw it."""
        if self._on:
            full = min(40, int(40 * part))
            print(f"\r[{'#' * full}{'.' * (40 - full)}] {part:4.0%}  {what:<40.40}", end="", file=sys.stderr)

    def done(self) -> None:
        """Leave a clean line."""
        if self._on:
            print("\r" + " " * 92 + "\r", end="", file=sys.stderr)


THERE: tuple[Arg, ...] = (
    arg("--group", metavar="ID", help="the members of this Group"),
    arg("--patients", action="store_true", help="all patients; without it and --group everything"),
    arg("--type", metavar="TYPE", action="append", default=[], help="only this type; may be repeated"),
    arg("--since", metavar="INSTANT", help="only what changed after this: the transactionTime of the export before"),
    arg("--param", metavar="NAME=VALUE", action="append", default=[], help="any other parameter of the kick-off"),
    arg("--client", metavar="ID", help="the client id there"),
    arg("--key", metavar="FILE", help="our private key (JWK or JWK Set), for private_key_jwt"),
    arg("--secret-file", metavar="FILE", help="the file with our client secret"),
    arg("--token-file", metavar="FILE", help="the file with an access token that was got elsewhere"),
    arg("--scope", default="system/*.rs", help="the scopes to ask for (default: system/*.rs)"),
    arg("--token-url", metavar="URL", help="the token endpoint (default: what the server's smart-configuration says)"),
    arg("--parallel", metavar="N", type=int, default=4, help="files fetched at once (default: 4)"),
    arg("--keep", action="store_true", help="leave the export on the server, which is else deleted when all is here"),
)
"""Arguments of whoever fetches an export."""
COMMANDS = (
    Command(
        ("export",),
        "fetch a Bulk Data export from a server into a folder, checked and resumable",
        export,
        (
            arg("url", metavar="URL", help="the FHIR base URL"),
            arg("--out", metavar="DIR", required=True, help="the folder; the same folder goes on with the same export"),
            *THERE,
        ),
    ),
)
