"""The demonstration's sample applications and its EHR: registered at the first start, known to the web processes."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from ..app import House
from ..registry.application import Application
from ..tenancy import Tenant
from ..web.preview.samples import ALL, Sample
from ..web.preview.simulator import EHR
from ..web.trial import Credential
from ..web.trial import Login as Shown
from .apps import operator, terminal
from .demo_files import remember, remembered
from .demo_people import Login

PUBLISHER = "careweft samples"
EHR_SCOPES = ("system/*.rs", "launch/create")


async def applications(house: House, tenant: Tenant, file: Path) -> None:
    """Register what is missing; the secrets lie in a file that only we may read."""
    made = remembered(file)
    for key, asked in wanted(house.settings.public_url):
        known = await house.clients.find(tenant.number, made.get(key, {}).get("client_id", ""))
        if known is None or known.redirect_uris != asked.redirect_uris:  # the first start, or another port
            made[key] = asdict(await registered(house, tenant, asked))
    remember(file, made)


async def registered(house: House, tenant: Tenant, asked: Application) -> Credential:
    """An application, asked for and approved as every other one."""
    one = await house.registry.register(asked, None, operator(), terminal())
    await house.registry.ask(one.registration.id, tenant, "", operator(), terminal())
    await house.registry.approve(one.registration.id, tenant, None, operator(), terminal())
    return Credential(tenant.id, one.registration.id, one.secret)


def wanted(base_url: str) -> Iterator[tuple[str, Application]]:
    """What is registered, by key."""
    for key, sample in ALL.items():
        yield key, asked(sample, base_url)
    yield EHR, Application("Sample EHR", "system", "provider", "secret", scopes=EHR_SCOPES)


def asked(sample: Sample, base_url: str) -> Application:
    """The registration of a sample application."""
    return Application(
        name=sample.name,
        type=sample.type,
        access="provider",
        auth=sample.auth,
        platform=sample.platform,
        scopes=sample.registered,
        redirect_uris=(f"{base_url}{sample.callback}",),
        origins=(base_url,) if sample.platform == "browser" else (),
        launch_url=f"{base_url}{sample.launch}" if sample.launched else None,
        publisher=PUBLISHER,
    )


async def told(house: House, logins: Sequence[Login], file: Path) -> None:
    """Write the logins down for the start page, with the record that stands for each."""
    tenants = {one.name: one for one in await house.tenants.all()}
    shown = []
    for one in logins:
        tenant = tenants[one.tenant]
        account = await house.people.by_username(tenant.number, one.username)
        record = (account.fhir_user or "") if account else ""
        shown.append(asdict(Shown(tenant.id, f"{one.name}, {one.says}", one.username, one.password, record)))
    remember(file, shown)
