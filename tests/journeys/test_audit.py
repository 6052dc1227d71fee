"""One journal row for each interaction, allowed or refused, with whom it showed; no row, no data (AUD-06,
AUDX-01, AUDX-02)."""

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator

import pytest

from careweft import surfaces
from tests.journeys.canaries import seen
from tests.journeys.town import ASSERTION, Answer, Caller, Town, basic, token_form
from tests.platform import BIRCH, MAPLE

SYSTEM, PATIENT = (surfaces.find("provider", one).id for one in ("system", "patient"))
Ask = Callable[[Town, Caller, str], Answer]


def fhir(path: str, surface: str = SYSTEM, *, bearer: str | None = "own", tenant: str = MAPLE, **how) -> Ask:
    """A request to an API; `{first}` and `{type}` in the path are ids."""

    def ask(town: Town, caller: Caller, number: str) -> Answer:
        token = {"own": town.tokens[tenant, surface], "foreign": town.tokens[BIRCH, surface], None: None}.get(
            bearer, bearer
        )
        filled = path.replace("{first}", town.first).replace("{observation}", town.id_of("Observation", owner="1"))
        filled = filled.replace("{theirs}", town.id_of("Observation", owner="2"))
        return caller.ask(f"{town.base(surface, tenant)}/{filled}", token, X_Request_ID=number, **how)

    return ask


def token(change: Callable[[list[tuple[str, str]]], list[tuple[str, str]]] = lambda form: form, **headers) -> Ask:
    def ask(town: Town, caller: Caller, number: str) -> Answer:
        form = change(token_form(town.apps[MAPLE, "provider"]))
        return caller.ask(f"/auth/{MAPLE}/oauth2/v1/token", form=form, X_Request_ID=number, **headers)

    return ask


def about(word: str, what: str, secret: str | None = None) -> Ask:
    """`introspect` or `revoke` of a token; `own` is the caller's."""

    def ask(town: Town, caller: Caller, number: str) -> Answer:
        app = town.apps[MAPLE, "provider"]
        form = [("token", town.tokens[MAPLE, SYSTEM] if what == "own" else what), ("client_id", app.id),
                ("client_secret", secret or app.secret or "")]  # fmt: skip
        return caller.ask(f"/auth/{MAPLE}/oauth2/v1/{word}", form=form, X_Request_ID=number)

    return ask


def by_assertion(town: Town, caller: Caller, number: str, signed: str | None = None) -> Answer:
    app = town.keyed[MAPLE, "provider"]
    url = f"/auth/{MAPLE}/oauth2/v1/token"
    form = [("grant_type", "client_credentials"), ("scope", app.scope), ("client_assertion_type", ASSERTION),
            ("client_assertion", signed or app.assertion(town.at.url + url))]  # fmt: skip
    return caller.ask(url, form=form, X_Request_ID=number)


def replayed(town: Town, caller: Caller, number: str) -> Answer:
    signed = town.keyed[MAPLE, "provider"].assertion(f"{town.at.url}/auth/{MAPLE}/oauth2/v1/token")
    assert by_assertion(town, caller, str(uuid.uuid4()), signed).status == 200
    return by_assertion(town, caller, number, signed)


INTERACTIONS: dict[str, tuple[Ask, int, str, str]] = {
    "read": (fhir("Observation/{observation}"), 200, "read", "first"),
    "read of one's own": (fhir("Observation/{observation}", PATIENT), 200, "read", "first"),
    "read without a body": (fhir("Observation/{observation}", method="HEAD"), 200, "read", "first"),
    "read, unchanged": (fhir("Patient/{first}/_history/1", If_None_Match='W/"1"'), 304, "vread", "first"),
    "vread": (fhir("Observation/{observation}/_history/1"), 200, "vread", "first"),
    "history": (fhir("Observation/{observation}/_history"), 200, "history-instance", "first"),
    "search": (fhir("Patient"), 200, "search-type", "all"),
    "search that finds nobody": (fhir("Patient?_id=nobody"), 200, "search-type", ""),
    "search by POST": (fhir("Patient/_search", form=[("_id", "x")]), 200, "search-type", ""),
    "search with includes": (
        fhir("Observation?_id={observation}&_include=Observation:subject"), 200, "search-type", "first"),
    "search in XML": (fhir("Patient?_format=xml"), 200, "search-type", "all"),
    "read of what is not there": (fhir("Observation/nothing"), 404, "read", ""),
    "read of another patient's": (fhir("Observation/{theirs}", PATIENT), 404, "read", ""),
    "without a token": (fhir("Patient", bearer=None), 401, "search-type", ""),
    "with rubbish": (fhir("Patient", bearer="abc"), 401, "search-type", ""),
    "with the neighbour's token": (fhir("Patient", bearer="foreign"), 401, "search-type", ""),
    "malformed": (fhir("Patient", bearer="a b"), 400, "search-type", ""),
    "without a right": (fhir("Group", PATIENT), 403, "search-type", ""),
    "a parameter that is none": (fhir("Patient?patinet=1"), 400, "search-type", ""),
    "a page that is none": (fhir("Patient?_page=A"), 400, "search-type", ""),
    "a format that is none": (fhir("Patient", Accept="text/html"), 406, "search-type", ""),
    "a form that is none": (fhir("Patient/_search", method="POST", Content_Type="text/plain"), 415, "search-type", ""),
    "a method that is none": (fhir("Patient/{first}", method="DELETE"), 405, "read", ""),
    "a token": (token(), 200, "token", ""),
    "a token by header": (
        lambda town, caller, number: token(lambda form: form[:2], Authorization=basic(town.apps[MAPLE, "provider"]))(
            town, caller, number),
        200, "token", ""),
    "a token by assertion": (by_assertion, 200, "token", ""),
    "a replay": (replayed, 401, "token", ""),
    "a wrong secret": (token(lambda form: [*form[:3], ("client_secret", "s" * 43)]), 401, "token", ""),
    "no such client": (token(lambda form: [*form[:2], ("client_id", "n" * 27), form[3]]), 401, "token", ""),
    "another grant": (token(lambda form: [("grant_type", "password"), *form[1:]]), 400, "token", ""),
    "a scope that is not theirs": (
        token(lambda form: [form[0], ("scope", "patient/*.rs"), *form[2:]]), 400, "token", ""),
    "a token asked about": (about("introspect", "own"), 200, "introspect", ""),
    "a token asked about that is none": (about("introspect", "abc"), 200, "introspect", ""),
    "a token taken back that is none": (about("revoke", "abc"), 200, "revoke", ""),
    "a token asked about by nobody": (about("introspect", "own", secret="s" * 43), 401, "introspect", ""),
    "a token taken back by nobody": (about("revoke", "own", secret="s" * 43), 401, "revoke", ""),
    "a form with a secret twice": (token(lambda form: [*form, form[3]]), 400, "token", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", INTERACTIONS)
def test_every_interaction_leaves_one_row(town, caller, name):
    """With the outcome that the caller got, and the patients whom it showed."""
    ask, status, action, whom = INTERACTIONS[name]
    number = f"audit-{uuid.uuid4()}"
    answer = ask(town, caller, number)
    assert answer.status == status, answer.body
    rows = town.sql("select tenant, action, status, patients, client, query from audit where request_id = $1", number)
    assert len(rows) == 1
    row = rows[0]
    assert (row["tenant"], row["status"]) == (town.tenants[MAPLE].number, status)
    assert row["action"] == action or name == "a method that is none"
    everyone = {*town.flock.patients.values(), *town.only[MAPLE].patients.values()}
    assert set(row["patients"]) == {"first": {town.first}, "all": everyone, "": set()}[whom]
    assert not row["query"] or b"secret" not in row["query"]


NO_INTERACTIONS = (
    "/healthz",
    "/readyz",
    "/metrics",
    f"/auth/{MAPLE}/oauth2/v1/jwks",
    f"/provider/system-access/v2/{MAPLE}/metadata",
    f"/provider/system-access/v2/{MAPLE}/Nothing",
    "/",
)


def test_what_shows_nobody_s_record_leaves_no_row(town, caller):
    """Documents that are public, health, counts, and paths that are none."""
    before = town.sql("select count(*) from audit")
    for path in NO_INTERACTIONS:
        caller.ask(path)
    assert town.sql("select count(*) from audit") == before


def test_many_at_once_leave_one_row_each(town):
    """Rows share a commit, and none gets lost or doubled in it."""
    numbers = [f"crowd-{uuid.uuid4()}" for _ in range(80)]

    def ask(mine: list[str]) -> None:
        with contextlib.closing(Caller(town.at.port)) as caller:
            for number in mine:
                assert fhir("Patient")(town, caller, number).status == 200

    threads = [threading.Thread(target=ask, args=(numbers[at::8],)) for at in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    rows = town.sql("select request_id from audit where request_id = any($1::text[])", numbers)
    assert sorted(row["request_id"] for row in rows) == sorted(numbers)


@contextlib.contextmanager
def journal_closed(town: Town) -> Iterator[None]:
    """Nothing can be added to the journal for as long as the block lasts."""
    town.sql("revoke insert on audit from careweft_server")
    try:
        yield
    finally:
        town.sql("grant insert on audit to careweft_server")


@pytest.mark.parametrize("name", [name for name in INTERACTIONS if name != "a replay"])
def test_without_a_row_nothing_leaves(town, caller, name):
    """503 and Retry-After, for what would be shown as for what would be refused; no record, no token, no reason."""
    with journal_closed(town):
        answer = INTERACTIONS[name][0](town, caller, str(uuid.uuid4()))
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert not seen(answer.told)
        assert b"access_token" not in answer.body
        assert "etag" not in answer.headers
    assert INTERACTIONS[name][0](town, caller, str(uuid.uuid4())).status == INTERACTIONS[name][1]


def test_an_assertion_that_bought_nothing_is_good_again(town, caller):
    """The token's row and the used jti are one transaction: where the one cannot be written, the other is not spent."""
    signed = town.keyed[MAPLE, "provider"].assertion(f"{town.at.url}/auth/{MAPLE}/oauth2/v1/token")
    with journal_closed(town):
        assert by_assertion(town, caller, "x", signed).status == 503
    assert [by_assertion(town, caller, "x", signed).status for _ in range(2)] == [200, 401]
