"""Pages without their rooms: one table of texts, templates that are whole, headers, stamps, cookies."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from careweft import surfaces
from careweft.access.labels import WORDS
from careweft.oauth.consent import PARTS
from careweft.tenancy import Tenant
from careweft.web import cookies, pages, statics, texts
from careweft.web.exchange import Request
from careweft.web.stamps import Stamps, StrangeForm

WEB = Path(pages.__file__).parent
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
MAPLE = Tenant("43477c76-ceb6-47ed-81c8-1b7c0ae10ca6", 1, "Maple")


def asked(**headers):
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Request("GET", b"", named, None, None, "7")


def literal_keys():
    """The keys that templates and handlers name whole."""
    sources = [*TEMPLATES, *WEB.rglob("*.py")]
    found = {
        key
        for one in sources
        for key in re.findall(r"""\b(?:t|say\(request\))\(\s*["']([\w.-]+)["']""", one.read_text())
    }
    return found | {
        key
        for one in sources
        for key in re.findall(r"""["']([a-z]+(?:\.[a-z_0-9]+)+)["']""", one.read_text())
        if texts.known(key)
    }


def test_every_text_stands_in_both_languages_with_the_same_places():
    """A row without one of them is refused when the table is read; places such as {app} are the same in each."""
    every = texts.table()
    assert set(every) == {"en", "es"}
    places = {
        language: {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in of.items()}
        for language, of in every.items()
    }
    assert places["en"] == places["es"]


def test_what_pages_say_is_in_the_table():
    assert {key for key in literal_keys() if not key.endswith(".") and not texts.known(key)} == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
def test_no_page_has_script_or_style_in_it(template):
    """The policy forbids both (OAUTH-29), and words come from the table alone."""
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=|javascript:", text, re.IGNORECASE)
    bare = re.sub(r"<[^>]*>", "", re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL))
    assert set(re.findall(r"[A-Za-z]{2,}", bare)) <= {"narrow", "wide"}  # the classes of main


def test_every_type_and_word_that_can_be_granted_has_plain_words():
    types = {offer.type for one in surfaces.ALL for offer in one.offers}
    wanted = {f"record.{one}" for one in types}
    wanted |= {f"part.{word}" for parts in PARTS.values() for word, _ in parts}
    wanted |= {f"sensitive.{word.rpartition('/')[2]}" for word in WORDS}
    wanted |= {f"identity.{one}" for one in ("openid", "fhirUser", "profile")}
    wanted |= {f"lasting.{one}" for one in ("offline_access", "online_access")}

    assert {one for one in wanted if not texts.known(one)} == set()


@pytest.mark.parametrize(
    ("wishes", "accept", "language"),
    [
        ((), b"", "en"),
        ((), b"es-MX,es;q=0.9,en;q=0.8", "es"),
        ((), b"de,fr;q=0.9", "en"),
        ((), b"en;q=0.1, es;q=0.2", "es"),
        ((), b"es;q=0, en", "en"),
        (("fr es",), b"en", "es"),
        ((None, "es"), b"en", "es"),
        (("xx",), b"es;q=nonsense", "en"),
    ],
)
def test_the_language_is_the_readers(wishes, accept, language):
    """Each row: what an application and the account wish, the browser's header, and what is spoken."""
    assert texts.spoken(wishes, accept) == language


def test_a_page_lets_nothing_else_in():
    """OAUTH-29: no frame, no other origin, no script; a form leads home and to where it is told."""
    reply = pages.page(
        asked(), "refusal.html", sends=["https://app.example"], heading="refusal.404.title", text="refusal.404.text",
        again="", detail=None,
    )  # fmt: skip
    headers = {name: value.decode() for name, value in reply.headers}

    assert headers[b"content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' https://app.example; "
        "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    assert headers[b"x-frame-options"] == "DENY"
    assert headers[b"referrer-policy"] == "same-origin"
    assert headers[b"cross-origin-opener-policy"] == headers[b"cross-origin-resource-policy"] == "same-origin"
    assert reply.kept == b"no-store, private"
    assert b'<html lang="en">' in reply.body


def test_what_a_page_is_given_is_escaped():
    request = asked()
    request.id = "<script>alert(1)</script>"
    reply = pages.page(
        request, "refusal.html", heading="refusal.404.title", text="refusal.404.text", again="", detail=None
    )

    assert b"<script>alert" not in reply.body
    assert b"&lt;script&gt;" in reply.body


def test_one_block_of_a_page_can_be_had_alone():
    reply = pages.page(
        asked(accept_language="es"),
        "refusal.html",
        block="title",
        heading="refusal.404.title",
        text="",
        again="",
        detail=None,
    )
    assert reply.body.decode() == "No encontramos esta página"


class Ticking:
    now = NOON

    def __call__(self):
        return self.now


def test_a_stamp_is_of_one_holder_and_one_form_for_half_a_day():
    """OATK-10: each altered bit, another session, another form, and a day later do not pass."""
    clock = Ticking()
    stamps = Stamps(bytes(32), clock)
    stamp = stamps.make("session a", "request 1")
    clock.now = NOON + timedelta(milliseconds=750)

    assert stamps.shown(stamp, "session a", "request 1") == timedelta(milliseconds=750)
    for holder, form in (("session b", "request 1"), ("session a", "request 2"), ("", "request 1")):
        with pytest.raises(StrangeForm):
            stamps.shown(stamp, holder, form)
    for place in range(len(stamp) - 1):
        with pytest.raises(StrangeForm):
            stamps.shown(
                stamp[:place] + ("A" if stamp[place] != "A" else "B") + stamp[place + 1 :], "session a", "request 1"
            )
    with pytest.raises(StrangeForm):
        Stamps(bytes(31) + b"1", clock).shown(stamp, "session a", "request 1")
    clock.now = NOON + timedelta(hours=12, seconds=1)
    with pytest.raises(StrangeForm):
        stamps.shown(stamp, "session a", "request 1")


@pytest.mark.parametrize("text", ["", "nonsense", "é", "====", "A" * 10_000])
def test_a_stamp_that_is_none_is_strange(text):
    with pytest.raises(StrangeForm):
        Stamps(bytes(32), Ticking()).shown(text, "session a", "request 1")


def test_the_session_cookie_is_bound_to_this_host():
    """OATK-12: over https the prefix __Host-, Secure, HttpOnly, SameSite; one name for each tenant."""
    name, value = cookies.Jar("https://care.example").keep_session(MAPLE, "secret")
    assert (name, value.decode()) == (
        b"set-cookie",
        f"__Host-careweft-{MAPLE.id}=secret; Path=/; HttpOnly; SameSite=Lax; Secure",
    )
    assert b"__Host" not in cookies.Jar("http://localhost:8080").keep_session(MAPLE, "secret")[1]


def test_a_cookie_that_was_set_twice_counts_as_none():
    """A neighbour host may set one of the same name; which is ours nobody can tell."""
    assert cookies.read(b"a=1; a=2; b=3; c=<x>; d") == {"b": "3"}


def test_files_are_served_under_the_hash_of_their_content():
    assert re.fullmatch(r"/static/careweft-[0-9a-f]{16}\.css", statics.url("careweft.css"))
    assert b"@import" not in statics.files()["careweft.css"].content
    assert b"url(" not in statics.files()["careweft.css"].content


TONES = re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", statics.files()["careweft.css"].content.decode())
PAIRS = [
    ("ink", "paper"), ("ink", "sheet"), ("soft", "sheet"), ("soft", "paper"), ("soft", "tint"), ("act", "sheet"),
    ("on-act", "act"), ("on-act", "act-over"), ("act", "tint"), ("good", "good-tint"), ("bad", "bad-tint"),
    ("bad", "sheet"), ("warn", "warn-tint"), ("ink", "tint"), ("ink", "good-tint"), ("ink", "bad-tint"),
    ("ink", "warn-tint"),
]  # fmt: skip


@pytest.mark.parametrize(("front", "back"), PAIRS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tones_can_be_told_apart(front, back, scheme):
    """WCAG 2.2 1.4.3: 4.5 to 1, in light and in dark."""
    half = len(TONES) // 2
    tones = dict(TONES[:half] if scheme == "light" else TONES[half:])
    lighter, darker = sorted((luminance(tones[front]), luminance(tones[back])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(tone):
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(tone[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


CONSENT = [
    text
    for key, text in texts.table()["en"].items()
    if key.partition(".")[0] in ("consent", "lasting", "record", "write", "part", "identity", "sensitive", "pick")
]


def test_consent_reads_at_grade_eight_or_below():
    """Flesch-Kincaid over all that the consent page and the picker can say."""
    sentences = [re.sub(r"\{\w+\}", "one", text).rstrip(".?!") for text in CONSENT]
    pieces = [piece for text in sentences for piece in re.split(r"[.?!:]\s+", text) if piece]
    words = [word for piece in pieces for word in re.findall(r"[A-Za-z’']+", piece)]
    grade = 0.39 * len(words) / len(pieces) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59

    assert grade <= 8, grade


def syllables(word):
    """Groups of vowels, without a silent e."""
    lower = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", lower))
    return max(1, groups - (lower.endswith("e") and not lower.endswith(("le", "ee"))))
