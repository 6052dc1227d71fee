"""EXPLAIN of every access path as the server's own role: the index that was meant is the one that is used."""

import json
from decimal import Decimal

import pytest

from careweft.access.reach import How, Narrowed, Way
from careweft.access.sight import Lead, Sight
from careweft.fhir.definitions import RESOURCES, SEARCH
from careweft.fhir.labels import EVERY
from careweft.fhir.search.kinds import date
from careweft.fhir.search.parse import parse
from careweft.fhir.search.query import Amount, Display, Each, Present, Ref, Sort, Span, Text, Token
from careweft.fhir.search.query import Test as Asked
from careweft.store import compile as compiler
from careweft.store.frequency import Frequencies
from careweft.store.within import Circles
from careweft.surfaces import find
from tests.fhir.strategies import CONTEXT
from tests.store import shelf
from tests.store.house import connected
from tests.store.shelf import about, code, everything, observation, of, one, patient, reach, search, seen

PATIENTS = 60
EACH = 50
BY_ID = """select b.* from unnest($2::int2[], $3::text[]) k(rt, id)
  join body b on b.tenant = $1 and b.rt = k.rt and b.id = k.id"""
DESCENDING = (Sort("date", descending=True),)


@pytest.fixture(scope="module")
async def filled(module_database):
    """Three thousand observations of sixty patients: enough for a plan to matter."""
    async with shelf.shelf(module_database) as mine:
        people = [
            patient(
                str(n),
                name=[{"family": f"Family{n}"}],
                identifier=[{"system": "urn:mrn", "value": f"M{n}"}],
                birthDate=f"19{n:02}-05-17",
            )
            for n in range(PATIENTS)
        ]
        for gender in ("male", "female", "other", "unknown") * 4:
            await mine.put(*(person | {"gender": gender} for person in people))
        for n in range(PATIENTS):
            await mine.put(
                *(
                    observation(
                        f"o{n}.{k}",
                        str(n),
                        effectiveDateTime=f"20{k:02}-{n % 12 + 1:02}-11",
                        issued=f"20{k:02}-01-01T00:00:00Z",
                        code={"coding": [{"system": "http://loinc.org", "code": f"c{n}", "display": f"display {n}"}]},
                        valueQuantity={"value": Decimal(f"{n}.{k}"), "unit": "mg"},
                        performer=[{"reference": f"Patient/{(n + 1) % PATIENTS}"}],
                    )
                    for k in range(EACH)
                )
            )
        await mine.put(
            *(
                {
                    "resourceType": "Provenance",
                    "id": f"v{n}",
                    "recorded": "2024-05-17T09:30:00Z",
                    "occurredDateTime": f"20{n % EACH:02}-05-{n % 28 + 1:02}",
                    "target": [{"reference": f"Observation/o{n % PATIENTS}.{n % EACH}"}],
                }
                for n in range(1500)
            )
        )
        async with connected(module_database.admin_url) as admin:
            await admin.execute("vacuum analyze")
        yield mine


def day(text, how="eq"):
    return one("date", Span(*date.span(text)), how)


def amount(text, how="eq"):
    exact = Decimal(text)
    return one("value-quantity", Amount(exact - Decimal("0.05"), exact + Decimal("0.05"), exact), how)


def beside(code_, text, how="eq"):
    """A composite of a code and a quantity."""
    (measured,) = amount(text, how).tests
    return one("code-value-quantity", Each((Asked("code", Token(None, code_), "is"), measured)))


CASES = [
    # path, indexes that have to be there, query, reach
    (
        "patient",
        {"res_by_patient", "res_pat_pkey"},
        search("Observation", code("category", "laboratory")),
        of("7", "Observation"),
    ),
    (
        "patient",
        {"res_by_patient", "res_pat_pkey"},
        search("Observation", about("7"), code("category", "laboratory")),
        None,
    ),
    ("patient", {"res_by_patient", "res_pat_pkey"}, search("Observation", about("7"), sort=DESCENDING), None),
    ("patient", {"res_by_patient", "res_pat_pkey"}, search("Observation", about("7"), sort=(Sort("date"),)), None),
    ("patient", {"res_by_patient", "res_pat_pkey"}, search("Observation", about("7"), sort=(Sort("_id"),)), None),
    ("patient", {"res_by_patient"}, search("Observation", about("7"), day("2024", "ge")), None),
    ("token", {"res_by_token"}, search("Patient", code("identifier", "M7", "urn:mrn")), None),
    ("token", {"res_by_token"}, search("Observation", code("code", "c7"), code("category", "laboratory")), None),
    ("token", {"res_by_token"}, search("Provenance", one("target", Ref("Observation", "o7.7"))), None),
    ("token", {"res_by_token"}, search("Observation", one("code", Display("display 7"), "text")), None),
    ("token", {"res_by_token", "res_by_patient"}, search("Provenance"), of("7", "Provenance", How.TARGET)),
    (
        "token",
        {"res_by_token"},
        search("Provenance", one("target", Ref("Observation", "o7.7"))),
        of("7", "Provenance", How.TARGET),
    ),
    ("rows", {"res_pkey"}, search("Patient", one("name", Text("family7"), "starts")), None),
    ("rows", {"res_pkey"}, search("Patient", one("name", Text("mily7"), "contains")), None),
    ("rows", {"res_pkey"}, search("Patient", code("_id", "7")), None),
    ("walk", {"res_by_date"}, search("Observation", code("category", "laboratory"), sort=DESCENDING), None),
    ("walk", {"res_by_date"}, search("Observation", code("status", "final")), None),
    ("walk", {"res_by_date"}, search("Observation", sort=(*DESCENDING, Sort("_id"))), None),
    ("walk", {"res_by_date", "res_that_last"}, search("Observation", day("2045", "ge")), None),
    ("walk", {"res_by_date", "res_that_last"}, search("Observation", day("2045", "gt"), sort=(Sort("date"),)), None),
    ("walk", {"res_by_date"}, search("Observation", sort=(Sort("date"), Sort("value-quantity"))), None),
    ("walk", {"res_by_updated"}, search("Observation", sort=(Sort("_lastUpdated"), Sort("value-quantity"))), None),
    (
        "patient",
        {"res_by_patient"},
        search("Observation", about("7"), sort=(Sort("value-quantity"), *DESCENDING)),
        None,
    ),
    ("walk", {"res_by_date"}, search("Observation", sort=(Sort("date"),)), None),
    ("walk", {"res_by_date"}, search("Patient", one("birthdate", Span(*date.span("1907-05-17")), "eq")), None),
    ("walk", {"res_by_updated"}, search("Observation", sort=(Sort("_lastUpdated", descending=True),)), None),
    ("walk", {"res_pkey"}, search("Observation", sort=(Sort("_id"),), count=10), None),
    ("walk", {"ix_date_by_value"}, search("Provenance", one("when", Span(*date.span("2007-05-08")), "eq")), None),
    ("walk", {"ix_num_by_value"}, search("Observation", amount("7.7")), None),
    ("walk", {"ix_pair_by_value"}, search("Observation", beside("c7", "7.7")), None),
    ("patient", {"res_by_patient"}, search("Observation", about("7"), beside("c7", "7.7")), None),
    ("walk", {"res_by_date"}, search("Observation", one("component-code", Present(False), "missing")), None),
    (
        "walk",
        {"res_by_date"},
        search("Observation"),
        reach("Observation", Way("user", How.SHARED, None, (code("category", "laboratory"),))),
    ),
]


@pytest.mark.parametrize(("path", "indexes", "query", "reached"), CASES)
async def test_the_path_that_was_meant(filled, path, indexes, query, reached):
    """Neither a scan of a whole table nor a bitmap of half of one; bodies come by the function that sets the tenant."""
    statement = await _statement(filled, query, reached)
    assert statement.path == path
    plan = await _plan(filled, statement.sql, *statement.args)
    used = {node["Index Name"] for node in plan if "Index Name" in node}
    assert indexes <= used, used
    assert not {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}
    assert any(node.get("Function Name") == "bodies_by_rid" for node in plan)
    if path == "patient":
        assert "res_by_token" not in used


FAMILY = Sight(frozenset({"7", "8", "9"}))
CLINIC = Sight(leads=(Lead("Observation", "performer", ("Patient/7",)),))
SIGHTS = [
    # path, indexes that have to be there, query, sight, whether its patients are few enough to be bound
    ("sight", {"res_by_patient"}, search("Observation", code("category", "laboratory")), FAMILY, True),
    ("sight", {"res_by_patient"}, search("Observation", sort=DESCENDING), FAMILY, True),
    ("sight", {"res_by_patient"}, search("Patient"), CLINIC, True),
    ("patient", {"res_by_patient"}, search("Observation", about("7")), CLINIC, False),
    ("token", {"res_by_token", "res_by_patient"}, search("Observation", code("code", "c7")), CLINIC, False),
    ("walk", {"res_by_date", "res_by_patient"}, search("Observation", sort=DESCENDING), CLINIC, False),
    ("token", {"res_by_token"}, search("Provenance"), FAMILY, True),
    ("walk", {"res_by_date", "res_by_own"}, search("Provenance"), CLINIC, False),
]


@pytest.mark.parametrize(("path", "indexes", "query", "sight", "few"), SIGHTS)
async def test_a_sight_stays_on_the_indexes(filled, path, indexes, query, sight, few):
    """A few patients are an index scan each; leads are followed from the rows that are met, by each one's patient."""
    how = How.TARGET if query.type == "Provenance" else How.COMPARTMENT
    statement = await _statement(filled, query, seen(sight, query.type, how), few=few)
    assert statement.path == path
    plan = await _plan(filled, statement.sql, *statement.args)
    used = {node["Index Name"] for node in plan if "Index Name" in node}
    assert indexes <= used, used
    assert not {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}


LABELLED = [case for case in CASES if case[3] is None]


@pytest.mark.parametrize(("path", "indexes", "query", "reached"), LABELLED)
async def test_what_is_withheld_changes_no_path(filled, path, indexes, query, reached):
    """The planner is told that hardly any row is sensitive: the same index, and no more rows planned."""
    del reached
    statement = await _statement(filled, query, everything(query.type, withheld=EVERY))
    assert (statement.path, "r.lab" in statement.sql) == (path, True)
    plan = await _plan(filled, statement.sql, *statement.args)
    assert indexes <= {node["Index Name"] for node in plan if "Index Name" in node}
    assert not {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}


@pytest.mark.parametrize("sort", [DESCENDING, (*DESCENDING, Sort("_id")), (Sort("date"), Sort("value-quantity"))])
async def test_a_deep_page_reads_no_more_rows_than_the_first(filled, sort):
    """By key, not by counting off: rows that were passed are not touched again."""
    query = search("Observation", sort=sort, count=20)
    page = await filled.records.search(Narrowed(query, everything("Observation")))
    touched = []
    for _ in range(30):
        statement = await _statement(filled, query, None, page.following)
        plan = await _plan(filled, statement.sql, *statement.args, analyze=True)
        touched.append(
            sum(node["Actual Rows"] * node["Actual Loops"] for node in plan if node.get("Index Name") == "res_by_date")
        )
        page = await filled.records.search(Narrowed(query, everything("Observation")), page.following)
    assert max(touched) <= 2 * query.count * len(sort), touched


@pytest.mark.parametrize("how", ["ge", "gt", "sa", "eq", "ap"])
async def test_from_a_day_on_is_found_without_what_is_older(filled, how):
    """Also where the page is not full: only what is long enough to reach into it is looked at beside."""
    statement = await _statement(filled, search("Observation", day("2049-06-11", how)), None)
    assert statement.path == "walk"
    plan = await _plan(filled, statement.sql, *statement.args, analyze=True)
    rows = [node for node in plan if node.get("Index Name", "").startswith("res_")]
    passed = sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in rows)
    assert passed <= 4 * EACH


async def test_the_walls_functions_use_the_bodies_own_indexes(filled):
    """What read_many, bodies_by_rid, versions and the string lookups do, under row-level security."""
    tenant, rt = filled.tenant.number, RESOURCES["Patient"]
    name = SEARCH["Patient"]["name"].number
    for sql, args, index in (
        (BY_ID, (tenant, [rt] * 3, ["1", "2", "3"]), "body_pkey"),
        ("select * from body where tenant = $1 and rid = any($2)", (tenant, [1, 2, 3]), "body_tenant_rid_key"),
        (
            "select rid from ix_str where tenant = $1 and p = $2 and head >= $3 and head < $4",
            (tenant, name, "family7", "family8"),
            "ix_str_by_value",
        ),
        (
            "select tok from term where tenant = $1 and p = $2 and head >= $3 and head < $4",
            (tenant, SEARCH["Observation"]["code"].number, "display 7", "display 8"),
            "term_by_value",
        ),
        (
            "select * from hist where tenant = $1 and rt = $2 and id = $3 order by ver desc limit 5",
            (tenant, rt, "1"),
            "hist_pkey",
        ),
    ):
        plan = await _plan(filled, sql, *args)
        assert {node["Index Name"] for node in plan if "Index Name" in node} == {index}
        assert not [node for node in plan if node["Node Type"] == "Seq Scan" and node["Relation Name"] != "k"]


def chain(text, type_="Observation"):
    """A search by a chain, over all there is."""
    offers = find("payer", "system").by_type
    pairs = [tuple(one.split("=", 1)) for one in text.split("&")]
    return parse(type_, offers[type_], pairs, CONTEXT, others=offers).query


CHAINS = [
    # indexes that have to be there, query, from so many rows at the far end
    ({"res_by_token", "res_pkey"}, chain("subject:Patient.family=family7"), 1000),
    ({"res_by_token"}, chain("performer:Patient.identifier=M1,M2,M3,M4,M5,M6,M7,M8"), 1000),
    ({"res_by_token"}, chain("target:Observation.patient.identifier=urn:mrn|M7", "Provenance"), 1000),
    ({"res_by_own", "res_by_token"}, chain("_has:Observation:performer:code=c7", "Patient"), 1000),
    ({"res_by_date", "res_by_own"}, chain("subject:Patient.gender=unknown"), 5),
    ({"res_by_date", "res_by_own"}, chain("subject:Patient.gender=unknown&_sort=date"), 5),
    ({"res_by_patient"}, chain("_has:Observation:patient:status=final", "Patient"), 5),
    ({"res_by_token"}, chain("_has:Provenance:target:recorded=2024"), 5),
]


@pytest.mark.parametrize(("indexes", "query", "start"), CHAINS)
async def test_a_chain_stays_on_the_indexes(filled, indexes, query, start):
    """Few rows at the far end lead to the others by token or own hash; from many, a walk looks up each row's own."""
    statement = await _statement(filled, query, None, start=start)
    assert statement.path == "chain"
    plan = await _plan(filled, statement.sql, *statement.args, analyze=True)
    run = [node for node in plan if node["Actual Loops"]]
    used = {node["Index Name"] for node in run if "Index Name" in node}
    assert indexes <= used, used
    assert not {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}
    if start == 5:  # the inner set is half of the tenant and more, so its rows are not gathered
        assert max(node["Actual Rows"] * node["Actual Loops"] for node in run) <= 15 * query.count


async def test_common_tokens_are_known_by_the_databases_own_count(filled):
    """Frequencies come from pg_stats, readable by the server's role."""
    hashes = (await filled.clinical.bound(filled.tenant)).hashes
    frequencies = Frequencies(filled.pool)
    await frequencies.refresh()
    status, code_ = SEARCH["Observation"]["status"].number, SEARCH["Observation"]["code"].number
    assert frequencies.rows >= PATIENTS * EACH
    assert frequencies.of([hashes.code(status, "final")]) > 0.8 * PATIENTS * EACH
    assert frequencies.of([hashes.code(code_, "c7")]) < 0.1 * PATIENTS * EACH


async def _statement(mine, query, reached, after=None, start=Frequencies.start, *, few=True):
    frequencies = Frequencies(mine.pool)
    frequencies.start = start
    await frequencies.refresh()
    bound = await mine.clinical.bound(mine.tenant)
    narrowed = Narrowed(query, reached or everything(query.type), sought={one: everything(one) for one in RESOURCES})
    patients = await Circles(bound.tenant, bound.hashes, mine.pool).of(narrowed) if few else {}
    return compiler.page(
        narrowed,
        compiler.Known(bound.tenant, bound.hashes, frequencies, patients),
        after,
        query.count + 1,
    )


async def _plan(mine, sql, *args, analyze=False):
    """Every node of the plan, as the server's role has it, with the tenant set and the plan not yet generic."""
    async with mine.pool.connection() as connection, connection.transaction():
        assert await connection.fetchval("select current_user") == "careweft_server"
        await connection.execute("select set_config('app.tenant', $1, true)", str(mine.tenant.number))
        options = "format json, analyze, timing off" if analyze else "format json"
        (tree,) = json.loads(await connection.fetchval(f"explain ({options}) {sql}", *args))
    return list(_nodes(tree["Plan"]))


def _nodes(node):
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
