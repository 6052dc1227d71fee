"""WEB-01: what people write is text on every page that shows it, and an address of theirs is one that may be followed.

A page is read with plain words in every field, and again with what would run: its elements and attributes are the same.
"""

import json
import random
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from careweft.registry.desk import Draft
from careweft.registry.refusal import RegistrationRefused
from careweft.registry.urls import check_jwks, check_origin, check_page, check_redirect
from careweft.web.preview.smart import challenge
from tests.world import count

from .developers import clinic, owner, signed_in
from .vectors import VECTORS
from .visitors import account

PLAIN = "plain words"
FEW = 20
BROKEN = tuple(one for one in VECTORS if len(one.splitlines()) > 1)
SAMPLE = dict.fromkeys((*BROKEN, *random.Random(1).sample(VECTORS, count(FEW, len(VECTORS)))))
ADDRESS = "https://app.example.org/"
FOLLOWED = ("href", "src", "action", "formaction", "data")
CODE = ("javascript:", "vbscript:", "data:text")

WRITTEN = (
    "update application set asked = asked || $1::jsonb where team is not null",
    "update client set name = $1, publisher = $1 where id = (select id from application where team is not null)",
    "update tenant_authorization set message = $1, reason = $1, agreement = $2::jsonb",
    "update authorization_step set reason = $1",
    "update account set name = $1 where name <> ''",
    "update session set agent = $1",
    "update tenant set name = $1",
    "update application_draft set answers = answers || $1::jsonb",
    "update audit set reason = $1 where reason is not null",
)
"""Every place in the database where the words of somebody lie that a page shows."""


class Shape(HTMLParser):
    """The elements of a page with the names of their attributes, and where it leads."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.led = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.led += [value or "" for name, value in attrs if name in FOLLOWED]

    def handle_endtag(self, tag):
        self.tags.append((f"/{tag}", ()))

    def handle_comment(self, _data):
        self.tags.append(("comment", ()))

    def unknown_decl(self, _data):
        self.tags.append(("declaration", ()))


@pytest.fixture(scope="module")
async def shown(module_database, tmp_path_factory):
    """A clinic where an application of Dana's waits for Ana's yes: pages that show words of others, by who looks."""
    async with clinic(module_database, tmp_path_factory.mktemp("clinic")) as made:
        dana, olga, ana = made.browser(), await signed_in(made, "olga"), made.browser()
        await dana.sign_up()
        back = f"{ADDRESS}back"
        app, _ = await dana.register(
            type={"type": "patient"}, details={"redirect_uris": back, "home": ADDRESS},
            scopes={"scope": ["patient/*.rs", "openid", "launch/patient"]},
        )  # fmt: skip
        await dana.ask(app, "Northwind")
        await olga.decide(app, "approve", type=["Patient"], word=["openid", "launch/patient"])
        await account(made.desk, "ana", "patient", "Patient/ana")
        tenant = made.desk.tenant.id
        made.owners["hanna"] = await owner(made.desk, "hanna", made.desk.tenant, "helpdesk")
        hanna = await signed_in(made, "hanna")
        base = f"{made.desk.house.settings.public_url}/provider/patient-access/v2/{tenant}"
        await ana.http.get(f"{base}/Patient/ana")
        asked = urlencode({
            "response_type": "code", "client_id": app, "redirect_uri": back, "state": "s", "aud": base,
            "scope": "openid launch/patient patient/Patient.rs", "code_challenge": challenge("v" * 43),
            "code_challenge_method": "S256", "prompt": "consent",
        })  # fmt: skip
        sign_in = (await ana.get(f"/auth/{tenant}/oauth2/v1/authorize?{asked}")).url.raw_path.decode()
        await ana.sign_in("ana")
        consent = ana.page.url.raw_path.decode()
        draft = Draft("d" * 40, (await made.desk.sql("select account from team_member"))[0][0], {
            "type": "patient", "platform": "browser", "access": "provider", "auth": "none",
        }, made.desk.house.registry.now())  # fmt: skip
        await made.registry.shelf.keep(draft)
        steps = ("type", "details", "scopes", "review")
        yield made, [
            *((dana, path) for path in (
                "/developers", f"/developers/applications/{app}", f"/developers/applications/{app}/tenants?q={tenant}",
                *(f"/developers/drafts/{draft.id}/{step}" for step in steps), "/account/platform/sessions",
            )),
            *((olga, f"/console/{tenant}{path}") for path in ("", f"/applications/{app}", "/people", "/brand")),
            (hanna, f"/console/{tenant}/search?q=Patient/ana"), (olga, f"/account/{tenant}/sessions"),
            (made.browser(), sign_in), (ana, consent), (ana, f"/account/{tenant}/apps"),
            (ana, f"/account/{tenant}/activity"), (ana, f"/account/{tenant}/sessions"),
            (made.browser(), "/mailbox"), (made.browser(), f"/account/{tenant}/sign-in"),
        ]  # fmt: skip


async def write(made, words):
    """These words, wherever somebody may write."""
    about = dict.fromkeys(("name", "publisher", "description"), words)
    links = dict.fromkeys(("home", "policy", "terms", "logo", "launch_url", "jwks_uri"), ADDRESS + words)
    lists = {"redirect_uris": [f"{ADDRESS}back", ADDRESS + words], "origins": [ADDRESS + words], "scopes": [words]}
    told = about | links
    line = " ".join(words.splitlines())  # these fields hold a value a line
    drafted = told | {"redirect_uris": ADDRESS + line, "origins": line, "jwks": words}
    signed = json.dumps(dict.fromkeys(("parties", "signed", "until", "file"), words))
    for statement in WRITTEN:
        if "application set" in statement:
            args = [json.dumps(told | lists)]
        elif "draft" in statement:
            args = [json.dumps(drafted)]
        else:
            args = [words, signed] if "$2" in statement else [words]
        await made.desk.sql(statement, *args)


async def looked(made, pages, words):
    """The shape of each page with these words in it, its text, and its policy."""
    await write(made, words)
    found = {}
    for browser, path in pages:
        answer = await browser.http.get(path)
        found[path] = (answer.status_code, Shape(answer.text), answer)
    return found


async def test_what_people_write_is_text_wherever_it_is_shown(shown):
    made, pages = shown
    plain = await looked(made, pages, PLAIN)
    silent = [path for path, (status, _, answer) in plain.items() if status != 200 or PLAIN not in answer.text]
    assert silent == ["/mailbox"]  # letters are sealed: their words were written before
    wrong = []
    for vector in SAMPLE:
        for path, (status, shape, answer) in (await looked(made, pages, vector)).items():
            policy = answer.headers["content-security-policy"]
            if (
                status != 200
                or shape.tags != plain[path][1].tags
                or any(one.strip().lower().startswith(CODE) for one in shape.led)
                or "require-trusted-types-for 'script'; trusted-types 'none'" not in policy
                or "unsafe" in policy
            ):
                wrong.append((path, vector, status))
    assert wrong == []


def test_there_are_two_hundred_and_each_is_one():
    assert len(set(VECTORS)) >= 200


@pytest.mark.parametrize("check", [
    lambda one: check_page("home", one), lambda one: check_redirect(one, "native"), check_origin, check_jwks,
], ids=["page", "redirect", "origin", "jwks"])  # fmt: skip
def test_no_vector_is_an_address(check):
    """What would run is no address that an application may register."""
    taken = []
    for vector in VECTORS:
        try:
            check(vector)
        except RegistrationRefused:
            continue
        taken.append(vector)
    assert taken == []


async def test_an_application_may_be_called_so_and_is_only_called_so(database, tmp_path):
    """Through the forms themselves: what the guided set-up takes as a name is a name on the page that follows."""
    async with clinic(database, tmp_path) as made:
        dana = made.browser()
        await dana.sign_up()
        for vector in random.Random(2).sample([one for one in VECTORS if "<" in one and 12 < len(one) < 100], 3):
            app, _ = await dana.register(details={"name": vector, "publisher": vector, "description": vector})
            if not app:  # a name that none may have: the form says so, and shows it as text
                assert dana.page.status_code == 422
            assert vector not in dana.page.text
