"""The rows of platform administration."""

from collections.abc import Iterator

from ...route import Handler, Person
from ..room import Room
from .feeds import Feeds
from .jobs import Jobs
from .keys import Keys
from .overview import Overview
from .staff import Staff
from .tenants import Tenants
from .terms import TermsPage

ADMINISTRATOR = Person(frozenset({"administrator"}), platform=True)
BASE = "/administration"


def rows(room: Room) -> Iterator[tuple[Person, str, str, str, Handler]]:
    """Policy, method, path, the audit entry's word, handler."""
    overview, tenants, jobs, feeds = Overview(room), Tenants(room), Jobs(room), Feeds(room)
    keys, terms, staff = Keys(room), TermsPage(room), Staff(room)
    for method, path, action, answer in (
        ("GET", "", "administration", overview.show),
        ("POST", "", "mail test", overview.mail),
        ("GET", "/tenants", "tenants-read", tenants.show),
        ("POST", "/tenants", "tenant create", tenants.create),
        ("POST", "/tenants/owner", "invitation", tenants.invite),
        ("GET", "/jobs", "jobs-read", jobs.show),
        ("POST", "/jobs", "job change", jobs.change),
        ("GET", "/feeds", "feeds-read", feeds.show),
        ("POST", "/feeds", "tenant set", feeds.expect),
        ("GET", "/keys", "keys-read", keys.show),
        ("POST", "/keys", "keys rotate", keys.rotate),
        ("GET", "/terms", "terms-read", terms.show),
        ("POST", "/terms", "terms publish", terms.publish),
        ("GET", "/people", "accounts-read", staff.show),
        ("POST", "/people", "invitation", staff.invite),
        ("POST", "/people/switch", "account-switch", staff.switch),
    ):
        yield ADMINISTRATOR, method, BASE + path, action, answer
