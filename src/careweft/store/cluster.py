"""The cluster of the embedded PostgreSQL: made whole with its roles and database, or not at all."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from . import service_user
from .binaries import Binaries
from .service_user import ServiceUser

ADMIN, OWNER, SERVER = ROLES = ("careweft_admin", "careweft_owner", "careweft_server")
DATABASE = "careweft"

# The roles that the program uses own nothing that matters to it (server) or only its schema (owner): architecture 11.
MAKE = """\
alter role {admin} password '{admin_password}'
create role {owner} login nosuperuser nobypassrls nocreaterole nocreatedb password '{owner_password}'
create role {server} login nosuperuser nobypassrls nocreaterole nocreatedb password '{server_password}'
create database {database} owner {owner}
revoke all on database {database} from public
grant connect on database {database} to {server}
"""


class EmbeddedError(RuntimeError):
    """The embedded database could not be started."""


def make(data: Path, programs: Binaries, user: ServiceUser) -> None:
    """A new cluster with its roles and database, complete before it gets its name: a kill midway leaves nothing."""
    making = data / "making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    if user.switch:
        os.chown(making, 0, user.gid)
        making.chmod(0o710)
    cluster, maker = making / "postgres", service_user.maker(user)
    cluster.mkdir(mode=0o700)
    maker.own(cluster)
    options = ("--auth=reject", "--data-checksums", "--locale=C", "--encoding=UTF8", f"--username={ADMIN}")
    _run(maker, [programs.program("initdb"), "--no-instructions", *options, f"--pgdata={cluster}"])
    new = {role: secrets.token_urlsafe(24) for role in ROLES}
    write(data / "passwords.json", json.dumps(new), 0o600)
    quiet = ("-c", "log_min_error_statement=panic", "-c", "exit_on_error=on")
    _run(maker, [programs.program("postgres"), "--single", *quiet, "-D", str(cluster), "postgres"], _statements(new))
    user.own_tree(cluster)
    cluster.rename(data / "postgres")
    making.rmdir()


def _statements(secret_of: Mapping[str, str]) -> str:
    names = dict(zip(("admin", "owner", "server"), ROLES, strict=True))
    secret = {f"{short}_password": secret_of[role] for short, role in names.items()}
    return MAKE.format(database=DATABASE, **names, **secret)


def made_by(cluster: Path) -> int | None:
    """The major version that the cluster is bound to; None where there is none yet."""
    version = cluster / "PG_VERSION"
    return int(version.read_text().split(".")[0]) if cluster.is_dir() else None


def passwords(data: Path) -> dict[str, str]:
    """Each role's password, as `make` wrote them."""
    file = data / "passwords.json"
    if not file.exists():
        raise EmbeddedError(f"{file} is missing: without it nobody can enter the database beside it; restore it")
    found: dict[str, str] = json.loads(file.read_text())
    return found


def _run(user: ServiceUser, argv: list[str], statements: str | None = None) -> None:
    ended = user.run(argv, statements=statements)
    if ended.returncode:
        raise EmbeddedError(f"{Path(argv[0]).name} failed as {user}: {ended.stderr.strip()[-600:]}")


def write(file: Path, content: str, mode: int) -> None:
    """Put a whole file in place at once, with its permissions from the first byte."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as opened:
        opened.write(content)
        os.fchmod(opened.fileno(), mode)
    beside.replace(file)
