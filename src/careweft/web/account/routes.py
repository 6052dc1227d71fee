"""The rows of the account's pages."""

from collections.abc import Callable, Iterator

from .. import onward, pages
from ..exchange import Reply, Request
from ..route import Handler, Person, Route, Visitor
from ..signing import SigningIn
from .activity import ActivityPage
from .again import AgainPage
from .apps import Apps
from .emergency import ROLES, EmergencyPage
from .joining import JoiningPages
from .people import People
from .recovery import RecoveryPages
from .room import Room, base, menu
from .security import Security
from .sessions import SessionsPage
from .signin import doorway
from .upstream import UpstreamDoors

ACCOUNT = "/account/{tenant}"
PERSON, ENROLLING, PRACTITIONER, VISITOR = Person(), Person(enrolling=True), Person(ROLES), Visitor()


def rows(room: Room, identifier: Callable[[], str]) -> Iterator[Route]:
    """Every page and form of an account, and the ways to get one."""
    yield from SigningIn(room.people, room.counter, doorway).rows(f"{ACCOUNT}/sign-in", "account-sign-in")
    yield from machines(room)
    for policy, method, path, page, action, answer in (*table(room), *practitioners(room, identifier)):
        name = f"account-{page}"
        yield Route(
            (method,), f"{ACCOUNT}/{path}", policy, answer, name, action, "accounts", speaks="page",
            page=f"{ACCOUNT}/{page}",
        )  # fmt: skip


def machines(room: Room) -> Iterator[Route]:
    """Where the tenant's own provider says who signed out there: no page, no form of ours."""
    doors, path = UpstreamDoors(room), f"{ACCOUNT}/upstream/logout"
    for method, answer in (("GET", doors.front), ("POST", doors.logout)):
        yield Route((method,), path, VISITOR, answer, "upstream-logout", "upstream-logout", "accounts", speaks="oauth")


Row = tuple[Person | Visitor, str, str, str, str, Handler]


def table(room: Room) -> Iterator[Row]:
    """Policy, method, path, the page that has the form, the audit entry's word, handler."""
    apps, activity, sessions, security = Apps(room), ActivityPage(room), SessionsPage(room), Security(room)
    people, again, joining, recovery = People(room), AgainPage(room), JoiningPages(room), RecoveryPages(room)
    upstream = UpstreamDoors(room)
    yield from (
        (PERSON, "GET", "home", "home", "account-home", home),
        (PERSON, "GET", "apps", "apps", "permits-read", apps.show),
        (PERSON, "POST", "apps", "apps", "take-back", apps.send),
        (PERSON, "GET", "activity", "activity", "activity-read", activity.show),
        (PERSON, "GET", "people", "people", "relations-read", people.show),
        (PERSON, "POST", "people", "people", "relation", people.invite),
        (PERSON, "POST", "people/limit", "people", "relation", people.limit),
        (PERSON, "POST", "people/end", "people", "relation", people.end),
        (PERSON, "GET", "sessions", "sessions", "sessions-read", sessions.show),
        (PERSON, "POST", "sessions", "sessions", "sign-out", sessions.send),
        (ENROLLING, "POST", "sign-out", "sign-in", "sign-out", sessions.out),
        (PERSON, "GET", "security", "security", "security-read", security.show),
        (PERSON, "POST", "security/password", "security", "password-change", security.password),
        (PERSON, "POST", "security/language", "security", "language", security.language),
        (PERSON, "POST", "security/email", "security", "email-change", security.email),
        (PERSON, "POST", "security/codes/end", "security", "second-factor", security.end_codes),
        (PERSON, "POST", "security/recovery", "security", "second-factor", security.recovery),
        (PERSON, "POST", "security/passkeys", "security", "second-factor", security.passkey_add),
        (PERSON, "POST", "security/passkeys/options", "security", "second-factor", security.passkey_options),
        (PERSON, "POST", "security/passkeys/remove", "security", "second-factor", security.passkey_remove),
        (ENROLLING, "GET", "second-factor", "second-factor", "second-factor", security.show_factor),
        (ENROLLING, "POST", "second-factor", "second-factor", "second-factor", security.factor),
        (ENROLLING, "GET", "again", "again", "sign-in-again", again.show),
        (ENROLLING, "POST", "again", "again", "sign-in-again", again.send),
        (VISITOR, "GET", "join", "join", "activation", joining.show),
        (VISITOR, "POST", "join", "join", "activation", joining.open),
        (VISITOR, "POST", "join/choose", "join", "activation", joining.choose),
        (VISITOR, "POST", "join/accept", "join", "relation", joining.accept),
        (VISITOR, "GET", "join/{id}", "join/{id}", "activation", joining.follow),
        (VISITOR, "GET", "upstream/back", "sign-in", "sign-in", upstream.back),
        (VISITOR, "GET", "reset", "reset", "password-reset", recovery.show),
        (VISITOR, "POST", "reset", "reset", "password-reset", recovery.ask),
        (VISITOR, "GET", "reset-sent", "reset", "password-reset", recovery.sent),
        (VISITOR, "GET", "reset/{id}", "reset/{id}", "password-reset", recovery.follow),
        (VISITOR, "POST", "reset/{id}", "reset/{id}", "password-reset", recovery.reset),
        (VISITOR, "GET", "email/{id}", "email/{id}", "email-change", recovery.show_email),
        (VISITOR, "POST", "email/{id}", "email/{id}", "email-change", recovery.email),
    )


def practitioners(room: Room, identifier: Callable[[], str]) -> Iterator[Row]:
    """What only practitioners have."""
    emergency = EmergencyPage(room, identifier)
    yield PRACTITIONER, "GET", "emergency", "emergency", "emergency-read", emergency.show
    yield PRACTITIONER, "POST", "emergency", "emergency", "emergency-access", emergency.begin
    yield PRACTITIONER, "POST", "emergency/end", "emergency", "emergency-end", emergency.end


async def home(request: Request) -> Reply:
    """`GET …/home`: the first page of one's menu."""
    role = request.known_session.account.role
    return pages.seen(onward.home(role, request.known_tenant) or f"{base(request)}/{menu(role)[0]}")
