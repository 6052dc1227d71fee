"""What pages load beside themselves: our style sheet and small scripts, under names that hold their content's hash.

So a browser may keep them for a year, and a new version is a new name.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from typing import NamedTuple

from ..fhir.outcomes import NotFound
from .exchange import Reply, Request
from .route import Public, Route

KINDS = {"css": b"text/css; charset=utf-8", "js": b"text/javascript; charset=utf-8", "svg": b"image/svg+xml"}
YEAR = b"public, max-age=31536000, immutable"


class File(NamedTuple):
    """One file as it is served."""

    name: str
    kind: bytes
    content: bytes


@lru_cache(maxsize=1)
def files() -> Mapping[str, File]:
    """Every file, by the name that it has in the package."""
    found = {}
    for one in resources.files(__package__).joinpath("static").iterdir():
        stem, _, ending = one.name.rpartition(".")
        content = one.read_bytes()
        found[one.name] = File(f"{stem}-{sha256(content).hexdigest()[:16]}.{ending}", KINDS[ending], content)
    return found


def url(name: str) -> str:
    """Where a file of the package is served; KeyError where there is none of this name."""
    return f"/static/{files()[name].name}"


async def serve(request: Request) -> Reply:
    """`GET /static/{name}`"""
    wanted = request.args["name"]
    for file in files().values():
        if file.name == wanted:
            headers = [(b"content-type", file.kind), (b"cross-origin-resource-policy", b"same-origin")]
            return Reply(200, headers, file.content, kept=YEAR)
    raise NotFound("There is no such file.")


def rows() -> Iterator[Route]:
    """The one row."""
    yield Route(("GET",), "/static/{name}", Public(), serve, "static", "", speaks="page")
