"""A token sees what `narrow` allows and nothing beside it (AUTHZ-01, AUTHZ-07 to AUTHZ-11, AUTHZ-15,
AUTHZ-18): rows of facts.

The village has two patients, ana and ben; the facts say for each record who sees it, by which way.
"""

import uuid
from dataclasses import dataclass, field

import pytest

from careweft import surfaces
from tests.journeys.canaries import Json
from tests.journeys.town import CEDAR, Answer, Caller, Town, feed, new_app, new_tenant, patient_token, system_token
from tests.platform import MAPLE

SYSTEM, PATIENT = (surfaces.find("provider", one).id for one in ("system", "patient"))
PAYER = surfaces.find("payer", "patient").id
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
LAB = f"Observation.rs?category={CATEGORY}|laboratory"
NOTHING = "nothing-has-this-id"


def ref(target: str) -> Json:
    return {"reference": target}


def about(who: str, **more) -> Json:
    return {"subject": ref(f"Patient/{who}"), "status": "final"} | more


def observation(id_: str, who: str, category: str = "vital-signs", **more) -> Json:
    coded = [{"coding": [{"system": CATEGORY, "code": category}]}]
    return {"resourceType": "Observation", "id": id_, "code": {"text": "pulse"}, "category": coded} | about(who, **more)


def record(place: str, **more) -> Json:
    type_, id_ = place.split("/")
    return {"resourceType": type_, "id": id_} | more


def document(id_: str, who: str, *binaries: str) -> Json:
    return record(f"DocumentReference/{id_}", **about(who, status="current", content=[
        {"attachment": {"url": f"Binary/{one}"}} for one in binaries]))  # fmt: skip


def provenance(id_: str, *targets: str) -> Json:
    return record(f"Provenance/{id_}", target=[ref(one) for one in targets], recorded="2026-05-17T09:00:00Z")


FIRST = (
    record("Organization/org", name="Clinic"),
    record("Practitioner/dee", name=[{"family": "Dee"}]),
    record("Patient/ana", name=[{"family": "Ana"}], link=[{"other": ref("Patient/ben"), "type": "seealso"}]),
    record("Patient/ben", name=[{"family": "Ben"}], generalPractitioner=[ref("Practitioner/dee")]),
    observation("of-ana", "ana", performer=[ref("Practitioner/dee")]),
    observation("of-ben", "ben", performer=[ref("Practitioner/dee")]),
    observation("lab-of-ana", "ana", "laboratory"),
    observation("lab-of-ben", "ben", "laboratory"),
    observation("focus-on-ana", "ben", focus=[ref("Patient/ana")]),
    observation("of-ana-by-ben", "ana", performer=[ref("Patient/ben")]),
    observation("member-of-ben", "ana", hasMember=[ref("Observation/of-ben"), ref("Observation/lab-of-ana")]),
    observation("was-lab", "ana", "laboratory"),
    observation("once-with-ben", "ana", performer=[ref("Patient/ben")]),
    observation("moved", "ana"),
    observation("gone-of-ana", "ana"),
    observation("gone-of-ben", "ben"),
    record("Device/of-ana", patient=ref("Patient/ana")),
    record("Device/of-ben", patient=ref("Patient/ben")),
    record("Device/of-nobody"),
    record(
        "Group/both",
        type="person",
        actual=True,
        member=[{"entity": ref("Patient/ana")}, {"entity": ref("Patient/ben")}],
    ),
    record("RelatedPerson/of-ben", patient=ref("Patient/ben")),
    record(
        "DiagnosticReport/of-ana",
        **about("ana", result=[ref(f"Observation/{one}") for one in ("lab-of-ana", "of-ana", "lab-of-ben")]),
    ),
    document("of-ana", "ana", "held-by-ana", "kept-from-ana"),
    document("of-ben", "ben", "held-by-ben"),
    record("Binary/held-by-ana", contentType="text/plain", data="YW5h"),
    record("Binary/held-by-ben", contentType="text/plain", data="YmVu"),
    record("Binary/ana-s-own", contentType="text/plain", data="YW5h", securityContext=ref("Patient/ana")),
    record("Binary/kept-from-ana", contentType="text/plain", data="YmVu", securityContext=ref("Patient/ben")),
    record("Binary/held-by-nobody", contentType="text/plain", data="AAAA"),
    provenance("of-ana", "Observation/of-ana"),
    provenance("of-ana-at-org", "Observation/of-ana", "Organization/org"),
    provenance("of-ben", "Observation/of-ben"),
    provenance("of-both", "Observation/of-ana", "Observation/of-ben"),
    provenance("of-a-group", "Group/both"),
    provenance("of-nothing", "Observation/never-was"),
)
THEN = (
    observation("was-lab", "ana", "vital-signs"),
    observation("once-with-ben", "ana"),
    observation("moved", "ana", note=[{"text": "and then"}]),
)  # fmt: skip
SCOPES = {
    "ana": "patient/*.rs", "ben": "patient/*.rs", "ana's laboratory": f"patient/{LAB}",
    "ana's reports": f"patient/DiagnosticReport.rs patient/{LAB}", "ana, reading": "patient/Observation.r",
    "ana, searching": "patient/Observation.s", "ana's reports alone": "patient/DiagnosticReport.rs",
}  # fmt: skip


@dataclass
class Village:
    """A tenant of the town with ana and ben; `tokens` by who and API."""

    town: Town
    caller: Caller
    tenant: str
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def ask(self, who: str, path: str, surface: str = "", **how) -> Answer:
        surface = surface or (SYSTEM if who.startswith("system") else PATIENT)
        return self.caller.ask(f"{self.town.base(surface, self.tenant)}/{path}", self.tokens[who, surface], **how)

    def all(self, who: str, path: str, surface: str = "") -> set[str]:
        """Type/id of everything on every page of a search."""
        answer, found = self.ask(who, path, surface), set()
        while True:
            assert answer.status == 200, answer.body
            found |= {f"{one['resourceType']}/{one['id']}" for one in answer.matches()}
            following = answer.link("next")
            if following is None:
                return found
            answer = self.caller.ask(following, self.tokens[who, surface or PATIENT])


@pytest.fixture(scope="module")
def village(town: Town, caller: Caller) -> Village:
    made = Village(town, caller, str(uuid.uuid4()))

    async def build(house) -> None:
        tenant = await new_tenant(house, made.tenant, "Village")
        await feed(house, tenant, FIRST)
        await feed(house, tenant, THEN)
        deleted = [{"request": {"method": "DELETE", "url": f"Observation/gone-of-{one}"}} for one in ("ana", "ben")]
        await feed(house, tenant, [{"resourceType": "Bundle", "type": "transaction", "entry": deleted}])
        provider, payer = [await new_app(house, tenant, one) for one in ("provider", "payer")]
        made.tokens["system", SYSTEM] = await system_token(house, provider)
        for who, scope in SCOPES.items():
            made.tokens[who, PATIENT] = await patient_token(house, provider, who[:3], scope)
            made.tokens[who, PAYER] = await patient_token(house, payer, who[:3], scope)
        for scope in ("Slot.rs", LAB):
            app = await new_app(house, tenant, "provider", f"system/{scope}")
            made.tokens[f"system {scope.partition('?')[0]}", SYSTEM] = await system_token(house, app)

    town.at.inside(build)
    number = town.sql("select number from tenant where id = $1", uuid.UUID(made.tenant))[0]["number"]
    # No feed moves a record from one patient to another; whoever merges two people in the database does.
    town.sql("update body set subject = 'ben' where tenant = $1 and id = 'moved'", number)
    return made


READS = (
    ("Patient/ana", "ana"), ("Patient/ben", "ben"), ("Organization/org", "ana ben"), ("Practitioner/dee", "ana ben"),
    ("Observation/of-ana", "ana"), ("Observation/of-ben", "ben"), ("Observation/focus-on-ana", "ben"),
    ("Observation/of-ana-by-ben", "ana ben"), ("Observation/once-with-ben", "ana"), ("Observation/moved", "ben"),
    ("Observation/once-with-ben/_history/1", "ana ben"), ("Observation/once-with-ben/_history/2", "ana"),
    ("Observation/moved/_history/1", "ana"), ("Observation/moved/_history/2", "ben"),
    ("Device/of-ana", "ana"), ("Device/of-ben", "ben"), ("Device/of-nobody", ""), ("RelatedPerson/of-ben", "ben"),
    ("Binary/held-by-ana", "ana"), ("Binary/held-by-ben", "ben"), ("Binary/ana-s-own", "ana"),
    ("Binary/kept-from-ana", "ben"), ("Binary/held-by-nobody", ""),
    ("Provenance/of-ana", "ana"), ("Provenance/of-ana-at-org", "ana"), ("Provenance/of-ben", "ben"),
    ("Provenance/of-both", ""), ("Provenance/of-a-group", ""), ("Provenance/of-nothing", ""),
    ("Observation/lab-of-ana", "ana+ana's laboratory"), ("Observation/was-lab", "ana"),
    ("Observation/was-lab/_history/1", "ana+ana's laboratory"), ("Observation/was-lab/_history/2", "ana"),
)  # fmt: skip


@pytest.mark.parametrize("surface", [PATIENT, PAYER])
@pytest.mark.parametrize(("place", "seers"), READS)
def test_a_record_is_read_by_whom_it_is_for(village, surface, place, seers):
    """200 to them; to others byte for byte the 404 of an id that never was; the system reads all."""
    type_, _, rest = place.partition("/")
    never = place.replace(rest.partition("/")[0], NOTHING)
    may = set(seers.split("+") if "+" in seers else seers.split())
    readers = ["ana", "ben", *(["ana's laboratory"] if type_ == "Observation" else [])]
    for who in readers:
        answer = village.ask(who, place, surface)
        assert answer.status == (200 if who in may else 404), who
        if who not in may:
            assert answer.without_number() == village.ask(who, never, surface).without_number()
    assert village.ask("system", place).status == 200


HISTORIES = (
    ("Observation/once-with-ben", "ana", "2 1"), ("Observation/once-with-ben", "ben", "1"),
    ("Observation/moved", "ana", "1"),
    ("Observation/moved", "ben", "2"), ("Observation/moved", "system", "2 1"),
    ("Observation/was-lab", "ana's laboratory", "1"),
    ("Observation/of-ben", "ana", ""), ("Observation/gone-of-ana", "ana", "2 1"),
    ("Observation/gone-of-ana", "ben", ""),
    ("Device/of-nobody", "ana", ""), ("Patient/ben", "ana", ""),
)  # fmt: skip


@pytest.mark.parametrize(("place", "who", "versions"), HISTORIES)
def test_a_history_shows_each_version_to_whom_it_belonged(village, place, who, versions):
    """Whole, and page by page; with none to show it is the 404 of what never was."""
    answer = village.ask(who, f"{place}/_history")
    if not versions:
        never = village.ask(who, f"{place.partition('/')[0]}/{NOTHING}/_history")
        assert (answer.status, answer.without_number()) == (404, never.without_number())
        return
    assert [one["response"]["etag"] for one in answer.json["entry"]] == [f'W/"{one}"' for one in versions.split()]
    page, seen = village.ask(who, f"{place}/_history?_count=1"), []
    while True:
        seen += [one["response"]["etag"] for one in page.json["entry"]]
        following = page.link("next")
        if following is None:
            break
        page = village.caller.ask(following, village.tokens[who, SYSTEM if who == "system" else PATIENT])
    assert seen == [f'W/"{one}"' for one in versions.split()]


GONE = (("ana", "ana", 410), ("ana", "ben", 404), ("ben", "ana", 404), ("ben", "ben", 410), ("system", "ana", 410),
        ("ana's laboratory", "ana", 404))  # fmt: skip


@pytest.mark.parametrize(("who", "whose", "status"), GONE)
def test_gone_is_said_only_to_who_could_see_it(village, who, whose, status):
    """410 is knowledge too (architecture 18)."""
    for below in ("", "/_history/2"):
        answer = village.ask(who, f"Observation/gone-of-{whose}{below}")
        never = village.ask(who, f"Observation/{NOTHING}{below}")
        assert answer.status == status
        assert (answer.without_number() == never.without_number()) is (status == 404)


ANAS = "of-ana lab-of-ana of-ana-by-ben member-of-ben was-lab once-with-ben"
SEARCHES = (
    ("ana", "Patient", "Patient: ana"),
    ("ana", "Patient?_id=ben", ""),
    ("ana", "Patient?_id=ana,ben", "Patient: ana"),
    ("ana", "Patient?_include=Patient:link", "Patient: ana"),
    ("ana", "Patient?family=ben", ""),
    ("ana", "Observation", f"Observation: {ANAS}"),
    ("ana", "Observation?patient=ben", ""),
    ("ana", "Observation?subject=Patient/ben", ""),
    ("ana", "Observation?focus=Patient/ana", ""),
    ("ana", "Observation?performer=Patient/ben", "Observation: of-ana-by-ben"),
    ("ana", "Observation?performer=Patient/ben&_include=Observation:performer", "Observation: of-ana-by-ben"),
    ("ana", "Observation?_id=of-ana&_include=Observation:subject&_include=Observation:performer",
     "Observation: of-ana, Patient: ana, Practitioner: dee"),
    ("ana", "Observation?_id=member-of-ben&_include=Observation:has-member", "Observation: member-of-ben lab-of-ana"),
    ("ana", "Observation?_id=of-ana,of-ben&_revinclude=Provenance:target",
     "Observation: of-ana, Provenance: of-ana of-ana-at-org"),
    ("ana", "Device", "Device: of-ana"),
    ("ana", "Provenance", "Provenance: of-ana of-ana-at-org"),
    ("ana", "Provenance?target=Observation/of-ben", ""),
    ("ana", "RelatedPerson", ""),
    ("ana", "DocumentReference", "DocumentReference: of-ana"),
    ("ana", "Organization", "Organization: org"),
    ("ana", "Organization?_revinclude=Provenance:target", "Organization: org, Provenance: of-ana-at-org"),
    ("ana", "Practitioner", "Practitioner: dee"),
    ("ana", "DiagnosticReport?_include=DiagnosticReport:result",
     "DiagnosticReport: of-ana, Observation: lab-of-ana of-ana"),
    ("ana's reports", "DiagnosticReport?_include=DiagnosticReport:result",
     "DiagnosticReport: of-ana, Observation: lab-of-ana"),
    ("ana's reports", "DiagnosticReport?_include=DiagnosticReport:subject&_include=DiagnosticReport:patient",
     "DiagnosticReport: of-ana"),
    ("ana's reports alone", "DiagnosticReport?_include=DiagnosticReport:result", "DiagnosticReport: of-ana"),
    ("ana's laboratory", "Observation", "Observation: lab-of-ana"),
    ("ana's laboratory", f"Observation?category={CATEGORY}|vital-signs", ""),
    ("ana's laboratory", "Observation?category:not=laboratory", ""),
    ("ana's laboratory", "Observation?_id=lab-of-ana&_include=Observation:subject&_revinclude=Provenance:target",
     "Observation: lab-of-ana"),
    ("ben", "Observation", "Observation: of-ben lab-of-ben focus-on-ana of-ana-by-ben"),
    ("ben", "Observation?_id=of-ana-by-ben&_include=Observation:subject&_include=Observation:performer",
     "Observation: of-ana-by-ben, Patient: ben"),
    ("ben", "Provenance", "Provenance: of-ben"),
)  # fmt: skip


def spelled(expected: str) -> set[str]:
    """`Type: id id, Type: id` as Type/id."""
    rows = (one.split(":") for one in expected.split(", ") if one)
    return {f"{type_.strip()}/{id_}" for type_, ids in rows for id_ in ids.split()}


@pytest.mark.parametrize(("who", "query", "expected"), SEARCHES)
def test_a_search_finds_and_includes_what_may_be_seen(village, who, query, expected):
    """In one page and in pages of one; by POST just so. `moved` is indexed under ana and shown to nobody by her way."""
    assert village.all(who, query) == spelled(expected)
    assert village.all(who, f"{query}{'&' if '?' in query else '?'}_count=1") == spelled(expected)
    type_, _, asked = query.partition("?")
    form = [(name, value) for name, _, value in (one.partition("=") for one in asked.split("&")) if name]
    posted = village.ask(who, f"{type_}/_search", form=form)
    assert {f"{one['resourceType']}/{one['id']}" for one in posted.matches()} == spelled(expected)


RIGHTS = (
    ("ana", "Group/both", 403), ("ana", "Group", 403), ("ana", f"Group/{NOTHING}", 403),
    ("ana", "Group?member=Patient/ana", 403),
    ("ana, reading", "Observation/of-ana", 200), ("ana, reading", "Observation", 403),
    ("ana, searching", "Observation", 200),
    ("ana, searching", "Observation/of-ana", 403), ("ana, searching", f"Observation/{NOTHING}", 403),
    ("ana, searching", "Observation/of-ana/_history", 403), ("ana's laboratory", "Patient/ana", 403),
    ("ana's laboratory", "Patient", 403), ("ana, reading", "Patient/ana", 403),
    ("system Observation.rs", "Patient/ana", 403),
    ("system Observation.rs", "Observation/of-ana", 404), ("system Observation.rs", "Observation/lab-of-ben", 200),
    ("system Slot.rs", "Observation/of-ana", 403),
)  # fmt: skip


@pytest.mark.parametrize(("who", "path", "status"), RIGHTS)
def test_a_right_is_for_one_type_and_one_letter(village, who, path, status):
    """403 says which scope is missing, and nothing about data."""
    answer = village.ask(who, path)
    assert answer.status == status
    assert status != 403 or 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_a_type_without_right_is_403_whether_or_not_data_exist(town, caller, village):
    """Every route: the same bytes for what is there, for what never was, and at a tenant without any records
    (AUTHZ-11)."""

    async def slots_at_cedar(house):
        app = await new_app(house, town.tenants[CEDAR], "provider", "system/Slot.rs")
        at_maple = await new_app(house, town.tenants[MAPLE], "provider", "system/Slot.rs")
        return await system_token(house, app), await system_token(house, at_maple)

    at_cedar, at_maple = town.at.inside(slots_at_cedar)
    rows = [row for row in town.table if row.surface == SYSTEM and row.policy == "Right" and row.type != "Slot"]
    for row in rows:
        found, never = (
            caller.ask(row.at(MAPLE, id_), at_maple, form=row.form()) for id_ in (town.id_of(row.type), NOTHING)
        )
        empty = caller.ask(row.at(CEDAR, NOTHING), at_cedar, form=row.form())
        assert found.status == 403
        assert found.without_number() == never.without_number() == empty.without_number(), row.path
        if row.interaction == "search-type" and "GET" in row.methods:
            sought = {
                caller.ask(f"{row.at(MAPLE)}?_id={id_}", at_maple).without_number()[2]
                for id_ in (town.id_of(row.type), NOTHING)
            }
            assert sought == {found.without_number()[2]}
    assert len(rows) > 140


SPELLINGS = (
    "Patient/%62en", "Patient/BEN", "Patient/ben/", "Patient/ana/../ben", "Patient/ana/Observation", "Patient//ben",
    "Patient/ben/Observation", "Patient/ben/$everything",
    "Patient/ana?patient=ben", "Patient/ben;v=1", "$everything", "",
    "Patient/ben/_history/1?_format=json", "Observation/of-ben/_history/1", "Observation/OF-BEN",
)  # fmt: skip


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_of_an_id_reaches_another_patient(village, path):
    """Encoded, in capitals, with dots, as a compartment (AUTHZ-01)."""
    answer = village.ask("ana", path)
    assert answer.status in (400, 404, 405)
    assert b"Ben" not in answer.body


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_nothing_is_changed_by_who_may_only_read(village, method):
    """405 with Allow, for one's own record and for another's alike, and both are as they were."""
    before = [village.ask("system", f"Patient/{who}").without_number() for who in ("ana", "ben")]
    answers = [village.ask("ana", f"Patient/{who}", method=method) for who in ("ana", "ben", NOTHING)]
    assert {one.status for one in answers} == {405}
    assert len({one.body.replace(one.headers["x-request-id"].encode(), b"*") for one in answers}) == 1
    assert [village.ask("system", f"Patient/{who}").without_number() for who in ("ana", "ben")] == before


def test_a_paging_link_is_for_one_patient_and_one_set_of_rights(village):
    """Ben's token on ana's link: 400. Ana's narrower token of the same client: her rights decide anew (FHIR-08)."""
    link = village.ask("ana", "Observation?_count=1").link("next")
    assert link is not None
    assert village.caller.ask(link, village.tokens["ben", PATIENT]).status == 400
    assert village.caller.ask(link, village.tokens["ana, reading", PATIENT]).status == 403
    narrower, found = village.caller.ask(link, village.tokens["ana's laboratory", PATIENT]), set()
    while True:
        assert narrower.status == 200
        found |= {one["id"] for one in narrower.matches()}
        following = narrower.link("next")
        if following is None:
            break
        narrower = village.caller.ask(following, village.tokens["ana's laboratory", PATIENT])
    assert found <= {"lab-of-ana"}
