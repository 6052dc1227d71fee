"""THE route table: every path this server answers, with its policy. What is not here does not exist (GEN-03)."""

import hmac
from collections.abc import Iterator
from hashlib import sha256

from ..oauth.secrets import identifier
from . import statics
from .account import routes as account
from .account.room import Room
from .brand import routes as brand
from .bulk import routes as bulk
from .counter import Counter
from .fhir import routes as fhir
from .intake import routes as intake
from .oauth import people as consent
from .oauth import routes as oauth
from .ops import routes as ops
from .portal import routes as portal
from .portal.room import Room as PortalRoom
from .preview import routes as preview
from .route import Route
from .site import Site
from .stamps import Stamps
from .telemetry import Telemetry


def table(site: Site, telemetry: Telemetry) -> Iterator[Route]:
    """Every row."""
    yield from fhir.rows(site)
    yield from bulk.rows(site)
    yield from oauth.rows(site)
    yield from intake.rows(site)
    yield from brand.rows(site)
    yield from ops.rows(site, telemetry)
    yield from statics.rows()
    counter = Counter(site.base_url, Stamps(hmac.digest(site.seal, b"the stamps of forms", sha256), site.clock))
    yield from consent.rows(site.granting, site.auth.ending, site.people, counter)
    yield from account.rows(room(site, counter), identifier)
    yield from portal.rows(portal_room(site, counter))
    yield from preview.rows(site, counter)


def portal_room(site: Site, counter: Counter) -> PortalRoom:
    """What the pages of developers and owners are built from."""
    return PortalRoom(
        desk=site.registry,
        people=site.people,
        tenants=site.tenants,
        usage=site.usage,
        check=site.look,
        fetched=site.fetched,
        keyring=site.keyring,
        permits=site.permits,
        sessions=site.sessions,
        groups=site.groups,
        platform=site.platform,
        pictures=site.pictures,
        counter=counter,
        clock=site.clock,
        base_url=site.base_url,
        environment=site.environment,
        trial=site.preview,
    )


def room(site: Site, counter: Counter) -> Room:
    """What the pages of an account are built from."""
    return Room(
        people=site.people,
        sessions=site.sessions,
        permits=site.permits,
        clients=site.clients,
        emergencies=site.emergencies,
        activity=site.activity,
        counter=counter,
        clock=site.clock,
    )
