"""GEN-03, the route inventory: every row of the one table, asked by nobody and by a stranger."""

import pytest

from careweft.fhir.outcomes import NotFound
from careweft.surfaces import RESEARCH
from careweft.web import routes
from careweft.web.route import Bulk, ClientAuthenticated, Feeding, Ops, Public, Right
from careweft.web.telemetry import Telemetry

from .twins import BIRCH, MAPLE, OAK, base, world

pytestmark = pytest.mark.anyio
WORLD = world()
TABLE = list(routes.table(WORLD.site, Telemetry()))
RIGHTS = [row for row in TABLE if isinstance(row.policy, Right)]

BULK = [row for row in TABLE if isinstance(row.policy, Bulk)]
FEEDS = [row for row in TABLE if isinstance(row.policy, Feeding)]


def url(path: str, tenant: str = MAPLE.id) -> str:
    return path.replace("{tenant}", tenant).replace("{id}", "ana").replace("{vid}", "1").replace("{name}", "no-1.css")


def test_the_table_is_read_off_the_surfaces():
    """Each interaction of each offer is a row, and no row of a surface is anything else; research only exports."""
    offered = {
        (one.id, offer.type, code)
        for one in WORLD.site.surfaces
        for offer in one.offers
        for code in (*offer.can, *offer.operations)
    }
    research = {(RESEARCH.id, "Group", "$export")}
    assert {(row.surface, row.policy.type, row.policy.interaction) for row in RIGHTS} == offered | research


def test_what_is_public_shows_nobodys_records():
    """The whole list of rows that ask for no token, by the end of their paths."""
    public = {row.path.rpartition("{tenant}")[2] or row.path for row in TABLE if isinstance(row.policy, Public)}
    ops = {row.path for row in TABLE if isinstance(row.policy, Ops)}
    proves_itself = {row.path for row in TABLE if isinstance(row.policy, ClientAuthenticated)}

    assert public == {
        "/metadata",
        "/.well-known/smart-configuration",
        "/oauth2/v1/jwks",
        "/oauth2/v1/style.json",
        "/oauth2/v1/.well-known/openid-configuration",
        "/oauth2/v1/.well-known/oauth-authorization-server",
        "/oauth2/v1",
        "/static/{name}",
        "/brand/brands.json",
        "/developers/reference",
        "/developers/reference/{id}",
        "/developers/reference/changelog",
        "/brands.json",
        "/look.css",
        "/pictures/{id}",
    }
    assert ops == {"/healthz", "/readyz", "/metrics"}
    feeds = {row.path for row in TABLE if isinstance(row.policy, Feeding)}
    assert len(public & feeds) == 0
    assert feeds == {"/intake/v1/{tenant}"}
    ours = ("token", "introspect", "revoke", "par", "launch", "userinfo")
    assert proves_itself == {f"/auth/{{tenant}}/oauth2/v1/{one}" for one in ours}


async def test_anonymous_and_strangers_are_refused_at_every_row(doors):
    """Every row with a right: 401 without a token and with one of another tenant, API or side; unknown tenant 404."""
    strangers = [
        {},
        await doors.bearer("system/*.rs", tenant=BIRCH),
        await doors.bearer("patient/*.rs", patient="ana", tenant=BIRCH),
    ]
    own = {
        one.id: await doors.bearer(
            f"{one.audience}/*.rs", side=one.side, patient="ana" if one.audience == "patient" else None
        )
        for one in doors.site.surfaces
    }
    wrong = []
    async with doors.client() as client:
        for row in [*RIGHTS, *FEEDS, *BULK]:
            others = [bearer for surface, bearer in own.items() if surface != row.surface]
            for method in row.methods:
                for bearer in [*strangers, *others]:
                    answer = await client.request(method, url(row.path), headers=bearer)
                    if answer.status_code != 401 or answer.json()["resourceType"] != "OperationOutcome":
                        wrong.append((method, row.path, answer.status_code))
                answer = await client.request(method, url(row.path, OAK), headers=next(iter(own.values())))
                if answer.status_code != 404:
                    wrong.append((method, row.path, answer.status_code))

    assert wrong == []


async def test_every_method_that_a_path_does_not_take_is_405_with_allow(doors):
    """No hidden door: each path, each method it has no row for."""
    bearer = await doors.bearer("system/*.cruds")
    by_path: dict[str, set[str]] = {}
    for row in TABLE:
        if row.surface in ("", "careweft-provider-system-access-server"):
            by_path.setdefault(row.path, set()).update(row.methods)
    wrong = []
    async with doors.client() as client:
        for path, takes in by_path.items():
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"} - takes:
                answer = await client.request(method, url(path), headers=bearer)
                if answer.status_code != 405 or not takes <= set(answer.headers["allow"].split(", ")):
                    wrong.append((method, path, answer.status_code))

    assert wrong == []


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/Foo",
        "/Foo/1",
        "/patient/ana",
        "/Patient/ana/Observation",
        "/Observation/$export",
        "/Patient/ana/$nothing",
        "/Observation/ana/$everything",
        "/_history",
        "/AuditEvent",
        "/Patient/ana/_history/1/x",
    ],
)
async def test_what_is_no_row_does_not_exist(doors, path):
    bearer = await doors.bearer("system/*.rs")
    async with doors.client() as client:
        answer = await client.get(base() + path, headers=bearer)

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-found")


async def test_an_unknown_row_raises_not_found():
    with pytest.raises(NotFound):
        WORLD.front._router.find("/nowhere")
