"""The rows of the portal and of the console."""

from collections.abc import Iterator

from ...registry.setup import STEPS
from ..route import Handler, Person, Policy, Public, Route, Visitor
from .administration import routes as administration
from .applications import Applications
from .brand import BrandPage
from .console import Console
from .grants import GrantsPage
from .groups import GroupsPage
from .joining import JoiningPages
from .keys import KeysPage
from .look import LookPage
from .people import PeoplePages
from .reference import ReferencePages
from .roles import roles
from .room import SURFACE, Room
from .search import SearchPage
from .tenants import TenantPages
from .terms import HERE as TERMS
from .terms import DeveloperTerms, agreed
from .trying import BACK, TryPages
from .wizard import Wizard

DEVELOPER = Person(frozenset({"developer"}), platform=True)
ANYBODY = Visitor(platform=True)
SEE, DECIDE, PEOPLE, BRAND, SEARCH, KEYS, GRANTS, GROUPS = (
    Person(roles(one)) for one in ("see", "decide", "people", "brand", "search", "keys", "grants", "groups")
)
APP = "/developers/applications/{id}"
DRAFT = "/developers/drafts/{id}"
CONSOLE = "/console/{tenant}"

Row = tuple[Policy, str, str, str, Handler]


def rows(room: Room) -> Iterator[Route]:
    """Policy, method, path, the audit entry's word, handler."""
    for policy, method, path, action, handler in (
        *reference(room), *joining(room), *developers(room), *console(room), *administration.rows(room),
    ):  # fmt: skip
        name = path.split("/")[1]
        answer = agreed(room, handler) if policy == DEVELOPER and path != TERMS else handler
        yield Route((method,), path, policy, answer, name, action, SURFACE, speaks="page", page=path)


def reference(room: Room) -> Iterator[Row]:
    """What everybody may read."""
    told = ReferencePages(room)
    yield Public(), "GET", "/developers/reference", "", told.every
    yield Public(), "GET", "/developers/reference/changelog", "", told.changes
    yield Public(), "GET", "/developers/reference/{id}", "", told.one


def joining(room: Room) -> Iterator[Row]:
    """The ways in."""
    pages_ = JoiningPages(room)
    yield ANYBODY, "GET", "/developers/sign-up", "sign-up", pages_.show
    yield ANYBODY, "POST", "/developers/sign-up", "sign-up", pages_.send
    yield ANYBODY, "GET", "/developers/sign-up/sent", "sign-up", pages_.sent
    yield ANYBODY, "GET", "/developers/verify/{id}", "sign-up", pages_.follow
    yield ANYBODY, "POST", "/developers/verify/{id}", "sign-up", pages_.verify


def developers(room: Room) -> Iterator[Row]:
    """What a developer has."""
    terms = DeveloperTerms(room)
    yield ANYBODY, "GET", TERMS, "terms-read", terms.show
    yield DEVELOPER, "POST", TERMS, "terms accept", terms.accept
    apps, wizard, tenants, tries = Applications(room), Wizard(room), TenantPages(room), TryPages(room)
    yield DEVELOPER, "GET", "/developers", "apps-read", apps.every
    yield DEVELOPER, "POST", "/developers/new", "app draft", wizard.begin
    for step in STEPS:
        yield DEVELOPER, "GET", f"{DRAFT}/{step}", "draft-read", wizard.show
        yield DEVELOPER, "POST", f"{DRAFT}/{step}", "app draft", wizard.finish if step == "review" else wizard.send
    yield DEVELOPER, "POST", f"{DRAFT}/drop", "app draft", wizard.drop
    yield DEVELOPER, "GET", APP, "app-read", apps.show
    yield DEVELOPER, "POST", f"{APP}/edit", "app draft", wizard.edit
    yield DEVELOPER, "POST", f"{APP}/secret", "app rotate", apps.rotate
    yield DEVELOPER, "POST", f"{APP}/logo", "app edit", apps.picture
    yield DEVELOPER, "POST", f"{APP}/keys", "app keys", apps.keys
    yield DEVELOPER, "POST", f"{APP}/share", "app share", apps.share
    yield DEVELOPER, "POST", f"{APP}/leave", "app leave", apps.leave
    yield DEVELOPER, "POST", f"{APP}/remove", "app remove", apps.remove
    yield DEVELOPER, "GET", f"{APP}/postman", "app-read", apps.postman
    yield DEVELOPER, "GET", f"{APP}/tenants", "tenants-read", tenants.show
    yield DEVELOPER, "POST", f"{APP}/tenants", "app request", tenants.ask
    yield DEVELOPER, "GET", f"{APP}/try", "app-read", tries.show
    yield DEVELOPER, "POST", f"{APP}/try", "app try", tries.begin
    yield DEVELOPER, "GET", BACK, "app-read", tries.back
    yield DEVELOPER, "POST", BACK, "app try", tries.redeem
    yield DEVELOPER, "POST", f"{BACK}/call", "app try", tries.call


def console(room: Room) -> Iterator[Row]:
    """What those have who look after a tenant."""
    applications, people, brand, look = Console(room), PeoplePages(room), BrandPage(room), LookPage(room)
    yield SEE, "GET", CONSOLE, "apps-read", applications.every
    yield SEE, "GET", f"{CONSOLE}/applications/{{id}}", "app-read", applications.show
    yield DECIDE, "POST", f"{CONSOLE}/applications/{{id}}", "app decide", applications.decide
    yield SEE, "GET", f"{CONSOLE}/applications/{{id}}/agreement", "agreement-read", applications.agreement
    yield PEOPLE, "GET", f"{CONSOLE}/people", "accounts-read", people.show
    yield PEOPLE, "POST", f"{CONSOLE}/people", "invitation", people.invite
    yield PEOPLE, "POST", f"{CONSOLE}/people/switch", "account-switch", people.switch
    yield BRAND, "GET", f"{CONSOLE}/brand", "brand-read", brand.show
    yield BRAND, "POST", f"{CONSOLE}/brand", "tenant brand", brand.send
    yield BRAND, "GET", f"{CONSOLE}/look", "brand-read", look.show
    yield BRAND, "POST", f"{CONSOLE}/look", "tenant look", look.send
    yield BRAND, "POST", f"{CONSOLE}/look/logo", "tenant look", look.picture
    keys, grants, groups = KeysPage(room), GrantsPage(room), GroupsPage(room)
    yield KEYS, "GET", f"{CONSOLE}/keys", "keys-read", keys.show
    yield KEYS, "POST", f"{CONSOLE}/keys", "keys rotate", keys.rotate
    yield GRANTS, "GET", f"{CONSOLE}/grants", "grants-read", grants.show
    yield GRANTS, "POST", f"{CONSOLE}/grants", "grants end", grants.end
    yield GROUPS, "GET", f"{CONSOLE}/groups", "groups-read", groups.show
    yield GROUPS, "POST", f"{CONSOLE}/groups", "group-create", groups.define
    yield GROUPS, "POST", f"{CONSOLE}/groups/change", "group-refresh", groups.change
    yield SEARCH, "GET", f"{CONSOLE}/search", "help-desk", SearchPage(room).show
