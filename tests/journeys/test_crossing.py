"""Two tenants with the same ids never meet (AUTHZ-03, AUTHZ-04, OAUTH-14, OAUTH-16): every route x every opaque handle.

The matrix is made from the route table: a new route joins by itself, and one with a policy that is not
known here fails.
"""

import time
import uuid
from dataclasses import replace

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from careweft import surfaces
from careweft.accounts.signin import key
from careweft.fhir.json import encode
from tests.journeys.canaries import seen
from tests.journeys.town import ASSERTION, CEDAR, Answer, Caller, Row, Town, basic, by_id, token_form
from tests.platform import BIRCH, MAPLE
from tests.world import count

SURFACES = [one.id for one in surfaces.ALL]
SYSTEM = [one.id for one in surfaces.ALL if one.audience == "system"]
NOTHING = "nothing-has-this-id"
OTHERWISE = ("invalid_request", "unauthorized_client", "invalid_token")
"""Errors of endpoints that want more than a proof of who asks, or a token instead."""


def rights(town: Town) -> list[Row]:
    """Every row that wants a bearer token."""
    return [row for row in town.table if row.policy in ("Right", "Feeding", "Bulk")]


def public_or_operators(town: Town) -> list[Row]:
    return [row for row in town.table if row.policy in ("Public", "Ops")]


def for_clients(town: Town) -> list[Row]:
    return [row for row in town.table if row.policy == "ClientAuthenticated"]


def for_people(town: Town) -> list[Row]:
    """The pages, for who is signed in and who is not."""
    return [row for row in town.table if row.policy in ("Person", "Visitor")]


def flocks(*answers: Answer) -> set[str]:
    """Whose content is in these answers."""
    return {flock for flock, _, _ in seen(*(one.told for one in answers))}


def sent(
    caller: Caller, row: Row, tenant: str, token: str | None, *, id_: str = "", vid: str = "1", **headers: str
) -> Answer:
    query = "?_count=3" if row.interaction == "search-type" and "GET" in row.methods else ""
    method = "PUT" if row.methods == ("PUT",) else "GET"
    return caller.ask(row.at(tenant, id_, vid) + query, token, method=method, form=row.form(), **headers)


def test_every_route_is_in_the_matrix(town):
    """A route with a policy that these tests do not know would pass unseen."""
    known = {row.path for row in [*rights(town), *public_or_operators(town), *for_clients(town), *for_people(town)]}
    assert known == {row.path for row in town.table}
    assert {row.surface for row in rights(town)} >= set(SURFACES)
    assert len(rights(town)) > 500


def test_a_token_of_one_tenant_is_nothing_at_the_other(town, caller):
    """At every route: 401 and invalid_token, though the id is there, and the neighbour's own token reads its
    own there."""
    wrong, read = [], set()
    for row in rights(town):
        id_ = town.id_of(row.type, owner="1") if "patient" in row.surface else town.id_of(row.type)
        answer = sent(caller, row, BIRCH, town.tokens[MAPLE, row.surface], id_=id_)
        if answer.status != 401 or 'error="invalid_token"' not in answer.headers["www-authenticate"] or flocks(answer):
            wrong.append((row.path, answer.status))
        own = sent(caller, row, BIRCH, town.tokens[BIRCH, row.surface], id_=id_)
        assert flocks(own) <= {"b", "i"}, row.path
        if own.status == 200:
            read.add((row.surface, row.interaction, row.type))
    assert not wrong
    assert len(read) > 350


def test_what_needs_no_token_shows_nobody_s_data_whatever_is_sent_along(town, caller):
    """A token of Maple's at what Birch publishes changes nothing and shows nothing."""
    for row in (row for row in public_or_operators(town) if "{" not in row.path.replace("{tenant}", "")):
        bare, with_token = (caller.ask(row.at(BIRCH), token) for token in (None, town.tokens[MAPLE, SYSTEM[0]]))
        assert with_token.status == bare.status == 200, row.path
        assert not flocks(bare, with_token)
        assert MAPLE.encode() not in bare.told + with_token.told or "{tenant}" not in row.path  # some list all of them
        if row.policy == "Public":
            assert with_token.without_number() == bare.without_number()


def test_an_unknown_tenant_has_no_route(town, caller):
    """404 at every route that names a tenant, for whoever asks."""
    nobody = str(uuid.uuid4())
    for row in (row for row in town.table if "{tenant}" in row.path):
        token = town.tokens[MAPLE, row.surface] if row.policy == "Right" else None
        answer = sent(caller, row, nobody, token, id_=town.id_of(row.type))
        assert answer.status == 404, row.path


def test_the_same_id_shows_each_tenant_its_own(town, caller):
    """One id, one version, two tenants: Maple's words at Maple, Birch's at Birch, at each of the four APIs."""
    for row in (
        row for row in rights(town) if row.interaction == "read" and row.type in ("Patient", "Observation", "Binary")
    ):
        said = [sent(caller, row, tenant, town.tokens[tenant, row.surface], id_=town.id_of(row.type, owner="1"))
                for tenant in (MAPLE, BIRCH)]  # fmt: skip
        assert [flocks(one) - {"i"} for one in said] == [{"m"}, {"b"}], row.path


def test_an_id_of_the_other_tenant_is_no_id(town, caller):
    """At every route that takes one: byte for byte the answer for an id that never was."""
    asked = 0
    for row in (row for row in rights(town) if "{id}" in row.path):
        for one in [one["id"] for one in town.ours if one["resourceType"] == row.type][:1]:
            asked += 1
            theirs = sent(caller, row, BIRCH, town.tokens[BIRCH, row.surface], id_=one)
            never = sent(caller, row, BIRCH, town.tokens[BIRCH, row.surface], id_=NOTHING)
            assert theirs.status in (404, 403, 415), row.path  # 415: an operation that wants a record wants it first
            assert theirs.without_number() == never.without_number(), row.path
    assert asked > 300


def test_a_version_that_only_the_other_tenant_has_is_no_version(town, caller):
    """Maple has a third version where Birch has two."""
    found = 0
    for row in (row for row in rights(town) if row.interaction == "vread" and row.surface in SYSTEM):
        there, here, never = (
            sent(caller, row, tenant, town.tokens[tenant, row.surface], id_=town.id_of(row.type), vid=vid)
            for tenant, vid in ((MAPLE, "3"), (BIRCH, "3"), (BIRCH, "999"))
        )
        found += there.status == 200
        assert here.status == 404, row.path
        assert here.without_number() == never.without_number()
    assert found > 50


def test_search_by_the_other_tenant_s_values_finds_nothing(town, caller):
    """`_id` and references of Maple's own records, at Birch."""
    for row in (row for row in rights(town) if row.interaction == "search-type" and "GET" in row.methods):
        for one in [one["id"] for one in town.ours if one["resourceType"] == row.type][:1]:
            answer = caller.ask(f"{row.at(BIRCH)}?_id={one}", town.tokens[BIRCH, row.surface])
            assert answer.status in (200, 403), row.path
            assert answer.status == 403 or answer.matches() == []


# Sealed paging links ---------------------------------------------------------------------------------------------


def sealed(caller: Caller, row: Row, town: Town, tenant: str) -> str | None:
    """The sealed text of this route's first page, where it has another."""
    url = row.at(tenant, town.id_of(row.type)).removesuffix("/_search")
    answer = caller.ask(f"{url}?_count=1", town.tokens[tenant, row.surface])
    following = answer.link("next") if answer.status == 200 else None
    return following.partition("_page=")[2] if following else None


def follow(caller: Caller, row: Row, town: Town, tenant: str, page: str, token: str) -> Answer:
    path = row.at(tenant, town.id_of(row.type))
    return (
        caller.ask(path, token, form=[("_page", page)])
        if "POST" in row.methods
        else caller.ask(f"{path}?_page={page}", token)
    )


def test_a_paging_link_leads_on_only_where_it_was_made(town, caller):
    """Of searches and histories (in make test every third): at the other tenant 400 (401 with the old token);
    for another type, API or client 400."""
    paged = [row for row in rights(town) if row.interaction in ("search-type", "history-instance")]
    links = {(row.surface, row.path): found for row in paged if (found := sealed(caller, row, town, MAPLE))}
    assert len(links) > 200
    for row in [row for row in paged if (row.surface, row.path) in links][:: count(3, 1)]:
        link = links[row.surface, row.path]
        mine, birch = (town.tokens[tenant, row.surface] for tenant in (MAPLE, BIRCH))
        other = next(found for (surface, path), found in links.items() if surface == row.surface and path != row.path
                     and path.removesuffix("/_search") != row.path.removesuffix("/_search"))  # fmt: skip
        api = next(found for (surface, path), found in links.items() if surface != row.surface
                   and path.rpartition("}")[2] == row.path.rpartition("}")[2])  # fmt: skip
        facts = [(MAPLE, link, mine, 200), (BIRCH, link, birch, 400), (BIRCH, link, mine, 401),
                 (MAPLE, other, mine, 400), (MAPLE, api, mine, 400)]  # fmt: skip
        for tenant, page, token, status in facts:
            answer = follow(caller, row, town, tenant, page, token)
            assert answer.status == status, (row.path, status)
            assert status == 200 or not flocks(answer)


def test_no_bit_of_a_paging_link_can_be_turned(town, caller):
    """Every character changed, cut and doubled: 400, never 500 (FHIR-08)."""
    row = next(row for row in rights(town) if row.path.endswith("/Observation") and row.surface == SYSTEM[0])
    link = sealed(caller, row, town, MAPLE)
    assert link is not None
    turned = [link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1 :] for at in range(len(link) - 1)]
    for page in [*turned, link[:-4], link + link, "", "%00", "é", "A" * 5000]:
        answer = follow(caller, row, town, MAPLE, page.replace("é", "%C3%A9"), town.tokens[MAPLE, row.surface])
        assert answer.status == 400, page


# Clients, secrets, assertions, keys ------------------------------------------------------------------------------


def test_a_client_of_one_tenant_is_nobody_at_the_other(town, caller):
    """Ids with secrets, by header and by form, and assertions with either tenant's audience: no token, and no
    word of why."""
    asked = 0
    for row in for_clients(town):
        for side in ("provider", "payer", "intake"):
            app, keyed = town.apps[MAPLE, side], town.keyed[MAPLE, side]
            bare = [("grant_type", "client_credentials"), ("scope", app.scope), ("token", "t")]
            proofs = [(token_form(app, ("token", "t")), {}), (bare, {"Authorization": basic(app)})]
            ours, theirs = (row.at(one).rpartition("/")[0] for one in (MAPLE, BIRCH))
            for audience in (f"{ours}/token", f"{theirs}/token", theirs):
                signed = keyed.assertion(town.at.url + audience)
                more = [("client_assertion_type", ASSERTION), ("client_assertion", signed)]
                proofs.append(([*bare, *more], {}))
            for form, headers in proofs:
                asked += 1
                answer = caller.ask(row.at(BIRCH), form=form, **headers)
                assert answer.status == 401
                assert answer.json["error"] in ("invalid_client", "invalid_token")
                assert b"access_token" not in answer.body
            for form, headers in proofs[:3]:
                own = caller.ask(row.at(MAPLE), form=form, **headers)
                assert own.status == 200 or own.json["error"] in OTHERWISE, row.path
    assert asked


# Sessions --------------------------------------------------------------------------------------------------------

SIGNED_IN = """
with somebody as (
  insert into account (id, tenant, username, name, role, fhir_user, created, activated)
  values ($1, $2, 'ana', 'Ana', 'patient', 'Patient/' || $3, now(), now()) returning id
)
insert into session (id, key, tenant, account, opened, auth_time, seen, amr)
select $1, $4, $2, id, now(), now(), now(), '{pwd}' from somebody
"""


def test_a_session_of_one_tenant_is_nobody_at_the_other(town, caller):
    """At every page for people: what opens it at Maple is at Birch a cookie of nobody's, under either one's name."""
    secret = uuid.uuid4().hex
    town.sql(SIGNED_IN, uuid.uuid4().hex, town.tenants[MAPLE].number, town.first, key(secret))
    opened = 0
    for row in (row for row in for_people(town) if row.policy == "Person" and "{tenant}" in row.path):
        for name in (MAPLE, BIRCH):
            answer = sent(caller, row, BIRCH, None, id_=NOTHING, Cookie=f"careweft-{name}={secret}")
            assert answer.status not in (200, 204), row.path
            assert not flocks(answer)
        own = sent(caller, row, MAPLE, None, id_=NOTHING, Cookie=f"careweft-{MAPLE}={secret}")
        opened += own.status == 200
    assert opened > 3


def test_the_other_tenant_s_client_is_refused_in_the_words_for_nobody(town, caller):
    """Whether a client exists elsewhere cannot be told."""
    app = town.apps[MAPLE, "provider"]
    foreign, nobody = (
        caller.ask(f"/auth/{BIRCH}/oauth2/v1/token", form=token_form(one)) for one in (app, replace(app, id="n" * 27))
    )
    assert foreign.without_number() == nobody.without_number()


@pytest.mark.parametrize("where", [BIRCH, CEDAR])
def test_an_assertion_is_for_one_tenant(town, caller, where):
    """Signed for another tenant's token URL or issuer it buys nothing at home."""
    app = town.keyed[MAPLE, "provider"]
    for audience in (f"{town.at.url}/auth/{where}/oauth2/v1/token", f"{town.at.url}/auth/{where}/oauth2/v1"):
        form = [("grant_type", "client_credentials"), ("scope", "system/*.rs"), ("client_assertion_type", ASSERTION),
                ("client_assertion", app.assertion(audience))]  # fmt: skip
        assert caller.ask(f"/auth/{MAPLE}/oauth2/v1/token", form=form).json["error"] == "invalid_client"


def signing_key(town: Town, tenant: str):
    async def found(house):
        return await house.keyring.signing((await house.tenant(tenant)).number)

    return town.at.inside(found)


def forged(town: Town, key, kid: str, surface: str, typ: str = "at+jwt", **changes) -> str:
    """A token of Birch's provider service, signed with this key under this name; `changes` None leave a claim out."""
    now, app = int(time.time()), town.apps[BIRCH, by_id(surface).side]
    said = {
        "iss": f"{town.at.url}/auth/{BIRCH}/oauth2/v1", "sub": app.id, "aud": town.base(surface, BIRCH), "iat": now,
        "exp": now + 300, "jti": str(uuid.uuid4()), "client_id": app.id, "scope": "system/*.rs", "tenant": BIRCH,
    } | changes  # fmt: skip
    header = {"typ": typ, "alg": "ES256", "kid": kid}
    said = {name: value for name, value in said.items() if value is not None}
    return jws.serialize_compact(header, encode(said), ECKey.import_key(key.private), algorithms=["ES256"])


def test_a_signing_key_of_one_tenant_signs_nothing_for_the_other(town, caller):
    """At system routes (in make test at every third): Maple's key under its own name and under Birch's, 401;
    Birch's own key, not."""
    maple, birch = signing_key(town, MAPLE), signing_key(town, BIRCH)
    for surface in SYSTEM:
        own, *foreign = (forged(town, key, kid, surface) for key, kid in
                         ((birch, birch.kid), (maple, maple.kid), (maple, birch.kid), (birch, maple.kid)))  # fmt: skip
        for row in [row for row in rights(town) if row.surface == surface][:: count(3, 1)]:
            id_ = town.id_of(row.type)
            assert sent(caller, row, BIRCH, own, id_=id_).status != 401
            assert {sent(caller, row, BIRCH, one, id_=id_).status for one in foreign} == {401}


def test_key_sets_of_two_tenants_have_nothing_in_common(town, caller):
    """Neither names nor keys."""
    sets = [caller.ask(f"/auth/{tenant}/oauth2/v1/jwks").json["keys"] for tenant in (MAPLE, BIRCH)]
    assert not {one["kid"] for one in sets[0]} & {one["kid"] for one in sets[1]}
    assert not {one.get("x") or one["n"] for one in sets[0]} & {one.get("x") or one["n"] for one in sets[1]}


CHANGED = {
    "another issuer": {"iss": f"http://localhost/auth/{BIRCH}/oauth2/v1"},
    "the other tenant's issuer": {"iss": None, "tenant_in_iss": MAPLE},
    "the other tenant": {"tenant": MAPLE},
    "no tenant": {"tenant": None},
    "no audience": {"aud": None},
    "an audience among others": {"aud": ["http://localhost/a", "http://localhost/b"]},
    "expired": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "not yet": {"nbf": 4_000_000_000},
    "issued in the future": {"iat": 4_000_000_000, "exp": 4_000_000_300},
    "no name": {"jti": None},
    "no client": {"client_id": None},
    "an id token": {"typ": "JWT"},
    "a logout token": {"typ": "logout+jwt"},
    "a patient's": {"patient": "p", "scope": "patient/*.rs"},
}


@pytest.mark.parametrize("how", CHANGED)
def test_each_claim_has_to_be_right(town, caller, how):
    """Signed with the tenant's own key, one claim changed: 401 on each system API (OAUTH-16)."""
    key = signing_key(town, BIRCH)
    changes = dict(CHANGED[how])
    tenant = changes.pop("tenant_in_iss", None)
    if tenant:
        changes["iss"] = f"{town.at.url}/auth/{tenant}/oauth2/v1"
    for surface in SYSTEM:
        url = f"{town.base(surface, BIRCH)}/Patient"
        assert caller.ask(url, forged(town, key, key.kid, surface)).status == 200
        refused = caller.ask(url, forged(town, key, key.kid, surface, **changes))
        assert refused.status in ((401, 403) if how == "a patient's" else (401,))
        assert not flocks(refused)


def test_a_request_id_belongs_to_who_sent_it(town, caller):
    """The same X-Request-ID at both tenants: two journal rows, each its own tenant's, and two answers."""
    number = f"journey-{uuid.uuid4()}"
    answers = []
    for tenant in (MAPLE, BIRCH):
        url = f"{town.base(SYSTEM[0], tenant)}/Patient"
        answers.append(caller.ask(url, town.tokens[tenant, SYSTEM[0]], X_Request_ID=number))
    assert [flocks(one) for one in answers] == [{"m", "i"}, {"b", "i"}]
    rows = town.sql("select tenant from audit where request_id = $1", number)
    assert sorted(row["tenant"] for row in rows) == sorted(town.tenants[one].number for one in (MAPLE, BIRCH))


# Across the four APIs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [*SURFACES, surfaces.INTAKE.id])
@pytest.mark.parametrize("at", [*SURFACES, surfaces.INTAKE.id])
def test_a_token_is_for_one_api(town, caller, of, at):
    """The four APIs and the intake, each x each: every route of an API takes its own tokens and gives 401 to
    the others' (AUTHZ-04)."""
    statuses = set()
    for row in (row for row in rights(town) if row.surface == at):
        answer = sent(caller, row, MAPLE, town.tokens[MAPLE, of], id_=town.id_of(row.type, owner="1"))
        statuses.add(answer.status)
        assert of == at or not flocks(answer)
    assert (401 in statuses) is (of != at)
    assert len(statuses) == 1 or of == at
    assert of != at or statuses & {200, 415}  # the intake takes no form


PRESENTED = {
    "no token": ({}, "", 401, 'Bearer realm="careweft"'),
    "not a bearer": ({"Authorization": "Basic dTpw"}, "", 401, 'Bearer realm="careweft"'),
    "an empty bearer": ({"Authorization": "Bearer "}, "", 400, "invalid_request"),
    "two words": ({"Authorization": "Bearer a b"}, "", 400, "invalid_request"),
    "rubbish": ({"Authorization": "Bearer abc.def.ghi"}, "", 401, "invalid_token"),
    "in the query": ({}, "?access_token={token}", 401, 'Bearer realm="careweft"'),
    "in the query too": ({"Authorization": "Bearer {token}"}, "?access_token={token}", 400, "invalid_request"),
    "in a cookie": ({"Cookie": "access_token={token}"}, "", 401, 'Bearer realm="careweft"'),
}


@pytest.mark.parametrize("how", PRESENTED)
def test_a_token_counts_in_one_place_only(town, caller, how):
    """The Authorization header, at every route (in make test, at every fifth); what is refused is said as RFC
    6750 says it (OAUTH-14)."""
    headers, query, status, challenge = PRESENTED[how]
    for row in rights(town)[:: count(5, 1)]:
        token = town.tokens[MAPLE, row.surface]
        given = {name: value.format(token=token) for name, value in headers.items()}
        path = row.at(MAPLE, town.id_of(row.type)) + query.format(token=token)
        answer = caller.ask(path, form=row.form(), **given)
        assert answer.status == status, row.path
        assert challenge in answer.headers["www-authenticate"]
        assert ("error=" in answer.headers["www-authenticate"]) is (challenge.startswith("invalid"))
        assert not flocks(answer)


CONFUSED = (
    "/provider/system-access/v2/{maple}/..;/{birch}/Patient",
    "/provider/system-access/v2/{maple}/../{birch}/Patient",
    "/provider/system-access/v2/{maple}/%2e%2e/{birch}/Patient",
    "/provider/system-access/v2/{maple}%2f..%2f{birch}/Patient",
    "/provider/system-access/v2/{maple}//Patient",
    "//provider/system-access/v2/{birch}/Patient",
    "/provider/system-access/v2/{maple};tenant={birch}/Patient",
    "/provider/system-access/v2/{birch};{maple}/Patient",
    "/provider/system-access/v2/{birch}/Patient/",
    "/provider/system-access/v2/{birch}/Patient?tenant={maple}",
    "/provider/system-access/v2/{birch}/Patient#{maple}",
    "/provider/system-access/v2/{birch}%00{maple}/Patient",
    "/provider/system-access/v2/{upper}/Patient",
    "/provider/system-access/v2/{maple}/Patient/../../{birch}/Patient",
    "/provider/system-access/v2/{maple}/http://localhost/provider/system-access/v2/{birch}/Patient",
    "/provider\\system-access\\v2\\{birch}\\Patient",
    "/Provider/System-Access/v2/{birch}/Patient",
)


@pytest.mark.parametrize("path", CONFUSED)
def test_no_spelling_of_a_path_leads_astray(town, caller, path):
    """With Maple's token, whatever the path pretends: nothing of Birch's (AUTHZ-05)."""
    raw = path.format(maple=MAPLE, birch=BIRCH, upper=BIRCH.upper())
    answer = caller.ask(raw, town.tokens[MAPLE, "careweft-provider-system-access-server"])
    assert answer.status in (400, 401, 404)
    assert not flocks(answer)


HINTS = {
    "X-Tenant": BIRCH,
    "X-Patient": "p2",
    "X-Original-URL": "/x",
    "X-Rewrite-URL": "/x",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "host=evil.example",
    "Cookie": "patient=p2",
}


@pytest.mark.parametrize("name", HINTS)
def test_no_header_widens_a_token(town, caller, name):
    """Tenant and patient are the token's (AUTHZ-02): the answer is the same with and without."""
    for surface in SURFACES:
        url = f"{town.base(surface)}/Patient"
        bare, hinted = (caller.ask(url, town.tokens[MAPLE, surface], **more) for more in ({}, {name: HINTS[name]}))
        assert bare.status == 200
        assert hinted.without_number() == bare.without_number()
