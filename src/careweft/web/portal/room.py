"""What every page of the portal and of the console has: who asks, its menu, and what becomes of a refusal."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from ...accounts.reception import Reception
from ...accounts.refusals import Again
from ...fhir.outcomes import NotFound
from ...insight.groups.keep import Groups
from ...oauth.keys import Keyring
from ...ports.clock import Clock
from ...ports.journal import Entry
from ...ports.keys import Fetched
from ...ports.people import Account, Sessions
from ...ports.permits import Permits
from ...ports.pictures import Pictures
from ...ports.platform import Platform
from ...ports.registry import Place
from ...ports.tenants import Tenants
from ...ports.usage import Usage
from ...registry.authorization import Actor, NotAllowed
from ...registry.desk import Desk, NoSuchApplication
from ...registry.pictures import named
from ...registry.refusal import RegistrationRefused
from ...tenancy import PLATFORM, Tenant
from ...values import dataclass
from .. import pages, texts, uploads
from ..counter import Counter, Filled
from ..exchange import Reply, Request
from ..people import Errors
from ..trial import Preview
from .roles import may

ENGLISH = "en"
"""The portal is for those who read specifications; patients' pages speak more languages."""
SURFACE = "portal"
CONSOLE = (
    ("see", "", "Applications", "applications"), ("people", "/people", "People", "people"),
    ("grants", "/grants", "Patients’ grants", "grants"), ("groups", "/groups", "Groups", "groups"),
    ("brand", "/brand", "Published entry", "brand"), ("brand", "/look", "Branding", "look"),
    ("keys", "/keys", "Signing keys", "keys"), ("search", "/search", "Help desk", "search"),
)  # fmt: skip
"""The pages of the console: who may, where, what they are called."""
ADMINISTRATION = (
    ("/administration", "Overview", "overview"), ("/administration/tenants", "Tenants", "tenants"),
    ("/administration/jobs", "Jobs", "jobs"), ("/administration/feeds", "Feeds", "feeds"),
    ("/administration/keys", "Keys", "keys"), ("/administration/terms", "Terms", "terms"),
    ("/administration/people", "Administrators", "people"),
)  # fmt: skip
FORM = "portal"
SCRIPTS = ("copy.js", "once.js")
OVERLAPS: Mapping[str, timedelta] = MappingProxyType({
    "0": timedelta(0), "1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30),
})  # fmt: skip
SAID: Mapping[str, str] = MappingProxyType({
    "saved": "Saved.",
    "twice": "That was sent already, and is done once. Where you missed a secret, make a new one on the application's"
             " page.",
    "asked": "The request is on its way: an owner of that organization decides.",
    "approved-at-once": "This is a sandbox: it approved at once.",
    "added": "The address was added: the application may be tried here.",
    "left": "The request was taken back.",
    "shared": "The team has changed.",
    "removed": "The application is gone, and its tokens are dead.",
    "approve": "Approved.",
    "refuse": "Refused.",
    "suspend": "Suspended: its tokens are dead within five seconds.",
    "resume": "It works again.",
    "verify": "People read from now on that you have checked who publishes it.",
    "unverify": "People read from now on that nobody has checked who publishes it.",
    "withdraw": "Withdrawn: its tokens are dead within five seconds.",
    "invited": "The invitation is on its way.",
    "switched": "The account has changed.",
    "rotated": "New keys are published, and sign as soon as every cache has seen them.",
    "accepted": "Thank you: the terms are accepted.",
    "letter": "The letter is on its way.",
    "tenant": "The tenant is made, with its first signing keys.",
    "resent": "The letters are sent again.",
    "cancelled": "Cancelled: its files are removed.",
    "again": "It begins again, under the same address.",
    "published": "Published: every developer is asked to accept it.",
    "ended": "Ended: its tokens are dead within five seconds.",
    "defined": "The Group is made, and kept current from now on.",
    "refreshed": "The Group was evaluated now.",
    "deleted": "The definition is forgotten and the Group deleted.",
    "reviewed": "Noted: the published list was looked through today.",
})  # fmt: skip
"""What a page says of the form that led to it, by the word behind `?done=`."""


class Fields(dict[str, Any]):
    """What stands in the fields of a form; in those that nobody filled in, nothing."""

    def __missing__(self, name: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Room:
    """Everything behind these pages. `check` fetches a key set now and says its key ids; it raises OSError."""

    desk: Desk
    people: Reception
    tenants: Tenants
    usage: Usage
    check: Callable[[str], Awaitable[Sequence[str]]]
    fetched: Callable[[str], Awaitable[Fetched]]
    keyring: Keyring
    permits: Permits
    sessions: Sessions
    groups: Callable[[Tenant], Awaitable[Groups]]
    platform: Platform
    pictures: Pictures
    counter: Counter
    clock: Clock
    base_url: str
    environment: str
    trial: Preview | None = None
    """A way to speak with this installation as an application does; None in production."""

    def show(self, request: Request, template: str, here: str = "", *, status: int = 200, **more: Any) -> Reply:
        """A page; `here` is its place in the menu."""
        values = {
            "language": ENGLISH, "t": texts.say(ENGLISH), "here": here, "errors": (), "told": done(request),
            "sections": sections(request), "environment": self.environment, "base_url": self.base_url,
            "filled": {}, "scripts": SCRIPTS, **more,
        }  # fmt: skip
        values["filled"] = Fields(values["filled"])
        if request.session is not None:
            values["sign_out"] = self.counter.stamp(request, "sign-out")
        return self.counter.show(request, template, FORM, status=status, **values)

    def open(self, request: Request, template: str, **more: Any) -> Reply:
        """A page without a form, for everybody."""
        values = {
            "language": ENGLISH, "t": texts.say(ENGLISH), "here": "", "errors": (), "told": "", "sections": (),
            "environment": self.environment, "base_url": self.base_url, **more,
        }  # fmt: skip
        return pages.page(request, template, **values)

    async def take(self, request: Request) -> Filled:
        """The form that was sent."""
        return await self.counter.take(request, FORM)

    async def receive(self, request: Request, room: uploads.Room = uploads.PICTURE) -> tuple[Filled, bytes]:
        """The form with a file that was sent, and the file."""
        return await self.counter.receive(request, FORM, room)

    async def either(self, request: Request, room: uploads.Room) -> tuple[Filled, bytes]:
        """A form of a page where some have a file and some have none."""
        if request.headers.get(b"content-type", b"").lower().startswith(b"multipart/"):
            return await self.receive(request, room)
        return await self.take(request), b""

    def account(self, request: Request) -> Account:
        """Who is signed in."""
        return request.known_session.account

    def developer(self, request: Request) -> Actor:
        """Who is signed in, as a developer."""
        return Actor(self.account(request).id, "developer")

    def owner(self, request: Request) -> Actor:
        """Who is signed in, as an owner of this tenant."""
        account = self.account(request)
        return Actor(account.id, "owner", account.tenant)

    def place(self, request: Request) -> Place:
        """Where this is done, for the audit entry."""
        return Place(SURFACE, request.id, request.peer)

    def entry(self, request: Request, action: str, client: str | None = None, of: int | None = None) -> Entry:
        """The audit entry of what a page has done itself; `of` is the number of a tenant other than the page's."""
        tenant = of or request.known_tenant.number or None
        return self.place(request).entry(self.clock(), action, self.account(request).id, tenant, client)

    def fresh(self, request: Request) -> None:
        """Raise Again where the person proved too long ago who they are (WEB-08)."""
        self.people.means.check_fresh(request.known_session)

    def done(self, place: str, said: str) -> Reply:
        """303 to a page that says what was done; the desk has written the audit entry."""
        return pages.seen(f"{place}?done={said}")._replace(recorded=True)

    async def attempt(
        self,
        request: Request,
        then: str,
        work: Callable[[], Awaitable[Reply]],
        show: Callable[[Errors], Awaitable[Reply]],
    ) -> Reply:
        """What `work` comes to; where it is refused the page again with the reason, where a fresh proof is wanted the
        page for that, which leads to `then` afterwards.
        """
        try:
            return await work()
        except Again:
            request.reason = "a fresh proof is wanted"
            return pages.seen(f"/account/{request.known_tenant.id}/again?then={then}")
        except (NoSuchApplication, NotAllowed) as refused:
            request.reason = str(refused)
            raise NotFound("There is no such application for this account.") from refused
        except RegistrationRefused as refused:
            request.reason = str(refused)
            return await show([(refused.field, sentence(refused))])

    async def hang(self, owner: str, body: bytes) -> None:
        """Keep a picture that was made anew, as its owner's."""
        await self.pictures.keep(owner, named(body), body, self.clock())

    def shown_at(self, body: bytes) -> str:
        """The address of a picture."""
        return f"{self.base_url}/pictures/{named(body)}"

    async def tenant(self, id_: str) -> Tenant:
        """The tenant that a form names. Raises RegistrationRefused."""
        found = await self.tenants.find(id_)
        if found is None:
            raise RegistrationRefused("there is no such tenant")
        return found

    async def tenants_by_number(self) -> Mapping[int, Tenant]:
        """Every tenant, by the number that decisions name."""
        return {one.number: one for one in await self.tenants.all()}

    async def names(self, tenant: int, accounts: Sequence[str | None]) -> Mapping[str | None, str]:
        """How accounts are called; what is none (an operator, the clock, a sandbox) is called as it is."""
        found: dict[str | None, str] = {None: ""}
        for one in dict.fromkeys(accounts):
            known = await self.people.find(tenant, one) if one else None
            known = known or (await self.people.find(PLATFORM.number, one) if one else None)
            found[one] = known.name if known else one or ""
        return found


def sections(request: Request) -> Sequence[tuple[str, str, str]]:
    """The menu of who asks: where, what it is called, and the word by which a page says that it is this one."""
    if request.session is None:
        return ()
    base = f"/account/{request.known_tenant.id}"
    own = ((f"{base}/sessions", "Sessions", "sessions"), (f"{base}/security", "Security", "security"))
    role, console = request.session.account.role, f"/console/{request.known_tenant.id}"
    if role == "administrator":
        return (*ADMINISTRATION, *own)
    if request.known_tenant == PLATFORM:
        return (("/developers", "Applications", "home"), *own)
    found = [(f"{console}{path}", name, here) for action, path, name, here in CONSOLE if may(role, action)]
    return (*found, *own)


def sentence(refused: RegistrationRefused) -> str:
    """A refusal as a sentence."""
    text = str(refused)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def done(request: Request) -> str:
    """What the form that led here did, where that is one of ours to say."""
    query = request.query.decode("latin-1")
    return SAID.get(query.removeprefix("done="), "") if query.startswith("done=") else ""
