"""The public reference of each API, from the rows that its CapabilityStatement is told from (REG-04).

Nobody has to sign in to read it, and every example is a request that works.
"""

from collections.abc import Iterator, Sequence

from ... import __version__
from ...access.reach import REACH, How
from ...access.scopes import LETTER, LETTERS
from ...fhir.definitions import SEARCH
from ...fhir.outcomes import NotFound
from ...surfaces import ALL, issuers
from ...surfaces.changes import CHANGES
from ...surfaces.model import Offer, Surface
from ...tenancy import PLATFORM
from ...values import dataclass
from .. import forms
from ..exchange import Reply, Request
from .room import Room

KEPT = b"public, max-age=300"
EXAMPLES = {
    "date": "ge2020-01-01", "number": "gt0", "quantity": "gt0", "string": "a", "token": "x", "uri": "http://example.org",
}  # fmt: skip
"""A value of each kind of parameter that the server takes, whatever it finds."""


@dataclass(frozen=True, slots=True)
class Example:
    """One request: its method, its path below the base URL, and what it does."""

    method: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One type of an API, as its reader wants to know it."""

    offer: Offer
    scope: str
    params: Sequence[tuple[str, str, str]]
    examples: Sequence[Example]
    hidden: bool = False
    """No token of a person shows any."""


@dataclass(frozen=True, slots=True)
class ReferencePages:
    """The handlers of `/developers/reference` and `/developers/reference/{id}`."""

    room: Room

    async def every(self, request: Request) -> Reply:
        """`GET …/reference`: the APIs."""
        return self._page(request, "portal/apis.html", apis=ALL, version=__version__)

    async def changes(self, request: Request) -> Reply:
        """`GET …/reference/changelog`: what changed about them, the latest first."""
        names = {one.id: one.name for one in ALL}
        return self._page(request, "portal/changelog.html", changes=CHANGES, names=names, version=__version__)

    async def one(self, request: Request) -> Reply:
        """`GET …/reference/{id}`, with `?tenant=` for the base URLs of one organization."""
        surface = next((one for one in ALL if one.id == request.args["id"]), None)
        if surface is None:
            raise NotFound("There is no such API.")
        wanted = dict(forms.pairs(request.query)).get("tenant", "")[:36]
        tenant = await self.room.tenants.find(wanted) if wanted else None
        id_ = tenant.id if tenant else "{tenant}"
        issuer = issuers.ALL[surface.issuer]
        return self._page(
            request, "portal/reference.html", api=surface, place=tenant, entries=list(entries(surface)),
            base=surface.url(self.room.base_url, id_), token=issuer.token_url(self.room.base_url, id_),
        )  # fmt: skip

    def _page(self, request: Request, template: str, **more: object) -> Reply:
        request.tenant = request.tenant or PLATFORM
        return self.room.open(request, template, **more)._replace(kept=KEPT)


def entries(surface: Surface) -> Iterator[Entry]:
    """Every type that the API offers."""
    for offer in surface.offers:
        letters = {LETTER[one] for one in (*offer.can, *offer.operations) if one in LETTER}
        may = "".join(one for one in LETTERS if one in letters)
        params = [(code, SEARCH[offer.type][code].kind, SEARCH[offer.type][code].url) for code in offer.params]
        hidden = surface.audience == "patient" and REACH.get(offer.type, How.NEVER) is How.NEVER
        tried = [] if hidden else list(examples(offer))
        yield Entry(offer, f"{surface.audience}/{offer.type}.{may}", params, tried, hidden=hidden)


def examples(offer: Offer) -> Iterator[Example]:
    """Requests that work with a token of the scope, whatever records there are."""
    if "search-type" in offer.can:
        yield Example("GET", f"{offer.type}?_count=5", "the first five")
        for code in offer.params:
            param = SEARCH[offer.type][code]
            value = f"{[*param.targets, 'Patient'][0]}/123" if param.kind == "reference" else EXAMPLES.get(param.kind)
            if value is not None:
                yield Example("GET", f"{offer.type}?{code}={value}", f"by {code} ({param.kind})")
        for include in offer.includes[:1]:
            yield Example("GET", f"{offer.type}?_include={include}&_count=5", "with what they refer to")
