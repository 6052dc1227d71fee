"""`careweft user`: a tenant's accounts: create, invite, import, list, switch off and on, relate, forget factors."""

import argparse
import csv
import getpass
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from ..accounts.office import COLUMNS, Entered
from ..accounts.refusals import KEYS, Refused
from ..accounts.relations import Terms
from ..accounts.roles import ROLES
from ..app import House
from ..ports.people import Account, Visit
from ..tenancy import Tenant
from .model import Command, Usage, Wrong, arg
from .place import at_home, show

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell (AUD-11)."""
OUT = ("line", "outcome", "record", "name", "code", "valid_days", "address", "reason")
LONGEST = 10_000
"""Characters of one cell."""

Act = Callable[[House, Tenant, Account], Awaitable[Any]]


def terminal() -> Visit:
    """What audit entries say of whoever sits here."""
    return Visit(str(uuid.uuid4()), actor=getpass.getuser())


def create(args: argparse.Namespace) -> int:
    """Make an account that is in use at once; the password comes from standard input."""
    if not args.password_stdin:
        raise Usage("a password is read from standard input only: --password-stdin")
    password = sys.stdin.readline().rstrip("\r\n")

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        account = described(args, tenant)
        with told():
            made = await house.people.office.create(tenant, account, password, terminal())
        return {"id": made.id, "username": made.username, "role": made.role, "record": made.fhir_user}

    return show(args, at_home(args, run))


def invite(args: argparse.Namespace) -> int:
    """Invite somebody: prints the code once, or sends it by mail too."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        if args.mail and not house.people.means.mail.works:
            raise Wrong("no mail server is configured: set CAREWEFT_SMTP_URL and CAREWEFT_MAIL_FROM")
        if args.mail and not args.email:
            raise Usage("--mail wants --email ADDRESS")
        with told():
            done = await house.people.office.invite(
                tenant, described(args, tenant), terminal(), fact=args.birth_date, mail=args.mail,
                relation=args.relation,
            )  # fmt: skip
        if done.outcome == "there":
            raise Wrong("this record has an activated account in this role already")
        return {
            "name": done.name,
            "record": done.record or None,
            "code": done.code,
            "valid_days": done.lasts.days,
            "address": address(house, tenant),
        }

    return show(args, at_home(args, run))


def import_(args: argparse.Namespace) -> int:
    """Invite many people at once, from a CSV file; a line for each in a file that only you may read."""

    async def run(house: House) -> dict[str, int]:
        tenant = await house.tenant(args.tenant)
        writer.writerow(OUT)
        for number, line in lines(source):
            done = line if isinstance(line, Entered) else None
            if not isinstance(line, Entered):
                done = await house.people.office.enter(tenant, line, terminal(), renew=args.renew)
            assert done is not None  # noqa: S101  a line is one or the other
            writer.writerow(row(number, done, address(house, tenant)))
            counts[done.outcome] = counts.get(done.outcome, 0) + 1
        return counts

    counts: dict[str, int] = {}
    with Path(args.file).open(newline="", encoding="utf-8-sig") as source, private(Path(args.out)) as target:
        writer = csv.writer(target)
        found = at_home(args, run)
    show(args, found)
    return int("refused" in found)


def lines(source: TextIO) -> Iterator[tuple[int, "dict[str, str] | Entered"]]:
    """Each line of the file by its columns; one that cannot be read is refused by itself. Raises Wrong."""
    csv.field_size_limit(LONGEST)
    reader = csv.DictReader(source, strict=True)
    try:
        unknown = set(reader.fieldnames or ()) - set(COLUMNS)
    except (csv.Error, UnicodeDecodeError) as wrong:
        raise Wrong(f"the first line cannot be read: {wrong}") from None
    if unknown or not reader.fieldnames:
        raise Wrong(f"the first line names columns, of these: {', '.join(COLUMNS)}")
    while True:
        try:
            line = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            yield reader.line_num, Entered("refused", reason=f"not CSV: {wrong}")
            continue
        except UnicodeDecodeError:
            raise Wrong(f"the file is not UTF-8, near line {reader.line_num + 1}") from None
        if None in line or None in line.values():
            yield reader.line_num, Entered("refused", reason="more or fewer cells than columns")
        else:
            yield reader.line_num, line


@contextmanager
def private(file: Path) -> Iterator[TextIO]:
    """A new file that only we may read: invitation codes stand in it. Raises Wrong where it is there already."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Wrong(f"{file} is there already; codes are never written over others") from None
    with os.fdopen(handle, "w", newline="", encoding="utf-8") as opened:
        yield opened


def row(number: int, done: Entered, where: str) -> list[str]:
    """A line of the report, safe to be opened in a spreadsheet."""
    days = str(done.lasts.days) if done.code else ""
    reason = KEYS.get(done.reason, done.reason)
    cells = (
        str(number), done.outcome, done.record, done.name, done.code, days, where if done.code else "", reason,
    )  # fmt: skip
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]


def list_(args: argparse.Namespace) -> int:
    """A tenant's accounts."""

    async def run(house: House) -> list[dict[str, Any]]:
        tenant = await house.tenant(args.tenant)
        return [
            {
                "id": one.id,
                "username": one.username or None,
                "name": one.name,
                "role": one.role,
                "record": one.fhir_user,
                "enabled": one.enabled,
                "second_factor": one.second_factor,
            }
            for one in await house.register.all(tenant.number)
        ]

    return show(args, at_home(args, run))


def disable(args: argparse.Namespace) -> int:
    """Switch an account off: its sessions and tokens are dead within five seconds."""

    async def act(house: House, tenant: Tenant, account: Account) -> None:
        await house.people.office.switch(tenant, account, terminal(), enabled=False)

    return acted(args, "disabled", act)


def enable(args: argparse.Namespace) -> int:
    """Switch an account on again."""

    async def act(house: House, tenant: Tenant, account: Account) -> None:
        await house.people.office.switch(tenant, account, terminal(), enabled=True)

    return acted(args, "enabled", act)


def forget(args: argparse.Namespace) -> int:
    """Remove the second factors of somebody who has lost them."""

    async def act(house: House, tenant: Tenant, account: Account) -> None:
        await house.people.office.forget(tenant, account, terminal())

    return acted(args, "forgotten", act)


def relate(args: argparse.Namespace) -> int:
    """Let an account act for a patient, or with --end no longer."""

    async def act(house: House, tenant: Tenant, account: Account) -> None:
        relations = house.people.relations
        if args.end:
            await relations.unrelate(tenant, account, args.patient, terminal())
            return
        until = None if args.until is None else datetime.combine(args.until, time(), ZoneInfo(tenant.zone))
        terms = Terms(args.kind, until, args.sensitive, tuple(args.types.split(",")) if args.types else None)
        await relations.relate(tenant, account, args.patient, terms, terminal())

    return acted(args, "related", act)


def acted(args: argparse.Namespace, what: str, act: Act) -> int:
    """Do something to the account that was named, by username or id."""

    async def run(house: House) -> dict[str, Any]:
        tenant = await house.tenant(args.tenant)
        account = await house.register.by_username(tenant.number, args.user)
        account = account or await house.register.find(tenant.number, args.user)
        if account is None:
            raise Wrong("there is no such account; `careweft user list` shows them all")
        with told():
            await act(house, tenant, account)
        return {what: account.username or account.id}

    return show(args, at_home(args, run))


def described(args: argparse.Namespace, tenant: Tenant) -> Account:
    """Who is to have an account."""
    return Account(
        id="",
        tenant=tenant.number,
        username=getattr(args, "username", ""),
        name=args.name,
        email=args.email,
        role=args.role,
        fhir_user=args.fhir_user,
        language=args.language,
    )


def address(house: House, tenant: Tenant) -> str:
    """Where a code is typed."""
    return f"{house.settings.public_url}/account/{tenant.id}/join"


@contextmanager
def told() -> Iterator[None]:
    """Say a refusal in plain words."""
    try:
        yield
    except Refused as refused:
        raise Wrong(KEYS.get(refused.key, refused.key)) from None


def day(text: str) -> date:
    """A date such as 1980-05-17."""
    return date.fromisoformat(text)


TENANT = arg("--tenant", metavar="ID", required=True, help="whose people")
USER = arg("user", metavar="USER", help="username, or id")
WHO = (
    arg("--role", choices=tuple(ROLES), required=True, help="what kind of person"),
    arg("--fhir-user", metavar="REF", help="the record that stands for this person, such as Patient/ana"),
    arg("--name", metavar="N", default="", help="the name to be shown (default: the record's)"),
    arg("--email", metavar="ADDRESS", help="where letters go"),
    arg("--language", metavar="L", default="en", help="of letters and pages: en or es (default: en)"),
)
COMMANDS = (
    Command(
        ("user", "create"),
        "make an account that is in use at once",
        create,
        (
            TENANT,
            *WHO,
            arg("--username", metavar="U", required=True, help="the name to sign in with"),
            arg("--password-stdin", action="store_true", help="read the password from standard input"),
        ),
    ),
    Command(
        ("user", "invite"),
        "invite somebody who then chooses username and password; prints the code once",
        invite,
        (
            TENANT,
            *WHO,
            arg("--birth-date", metavar="DATE", type=day, help="asked beside the code (default: the record's)"),
            arg("--relation", metavar="KIND", default="", help="of a RelatedPerson to the patient, such as child"),
            arg("--mail", action="store_true", help="send the code to the address too"),
        ),
    ),
    Command(
        ("user", "import"),
        f"invite many people, from a CSV file with the columns {', '.join(COLUMNS)}",
        import_,
        (
            arg("file", metavar="FILE", help="the CSV file, in UTF-8, its first line the names of its columns"),
            TENANT,
            arg("--out", metavar="FILE", required=True, help="a new file for the codes; only you may read it"),
            arg("--renew", action="store_true", help="give people who have not come yet a new code"),
        ),
    ),
    Command(("user", "list"), "list a tenant's accounts", list_, (TENANT,)),
    Command(
        ("user", "disable"),
        "switch an account off; its sessions and tokens are dead within five seconds",
        disable,
        (USER, TENANT),
    ),
    Command(("user", "enable"), "switch an account on again", enable, (USER, TENANT)),
    Command(
        ("user", "relate"),
        "let an account act for a patient; the proxy for a child ends when the child is of age",
        relate,
        (
            USER,
            arg("patient", metavar="PATIENT", help="the id of the Patient record"),
            TENANT,
            arg(
                "--kind", metavar="KIND", default="caregiver", help="child, parent, caregiver, ... (default: caregiver)"
            ),
            arg("--until", metavar="DATE", type=day, help="the day on which it ends"),
            arg("--sensitive", action="store_true", help="sensitive records may be granted too"),
            arg("--types", metavar="TYPES", default="", help="only these types of record, separated by commas"),
            arg("--end", action="store_true", help="end it"),
        ),
    ),
    Command(
        ("user", "forget-factors"),
        "remove the second factors of somebody who has lost them and proved who they are",
        forget,
        (USER, TENANT),
    ),
)
