"""HTML pages, all with one frame of headers: nothing of another origin, no frame around them, nothing kept (OAUTH-29).

Templates lie in the package, are compiled once and escape what they are given; a name that nobody filled in is an
error. `block` gives one block of a template instead of the whole.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from ..fhir.outcomes import FhirRefusal
from ..oauth.authorize.refusals import ShownRefusal
from . import statics, texts
from .exchange import Headers, Reply, Request

if TYPE_CHECKING:
    from jinja2 import Environment

HTML = (b"content-type", b"text/html; charset=utf-8")
ALWAYS = (
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)


SENT_TO = {"login": "/account/{tenant}/sign-in?then={then}", "suppressed": "/account/{tenant}/second-factor"}
"""Where a refusal of this code leads, when it is not the end of the matter."""
TOLD = frozenset({403, 404, 405, 413, 429, 500, 503})
"""Statuses that have words of their own; every other one is told as a request that could not be read."""


class PageRefusal(FhirRefusal):
    """A refusal with words of its own in the table of texts."""

    words: ClassVar[str]


class Ended(PageRefusal):
    """There is no request of this number that waits for this browser."""

    status = 400
    words = "ended"


@lru_cache(maxsize=1)
def environment() -> "Environment":
    """The templates of this package."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - a start does not wait for it

    return Environment(
        loader=PackageLoader("careweft.web"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    block: str | None = None,
    headers: Sequence[tuple[bytes, bytes]] = (),
    sends: Sequence[str] = (),
    scripts: Sequence[str] = (),
    **context: Any,
) -> Reply:
    """A page made of a template.

    `sends` are origins that a form of this page may lead to, beside ours; `scripts` are files of ours that it runs.
    """
    language = language_of(request)
    made = environment().get_template(template)
    values = {**shared(request, language), "scripts": [statics.url(one) for one in scripts], **context}
    text = made.render(values) if block is None else "".join(made.blocks[block](made.new_context(values)))
    found: Headers = [HTML, policy(sends, scripts=bool(scripts)), *ALWAYS, *headers]
    found.append((b"content-language", language.encode()))
    return Reply(status, found, text.encode("utf-8"))


def shared(request: Request, language: str) -> dict[str, Any]:
    """What every template is given."""
    zone = request.tenant.zone if request.tenant else "UTC"
    return {
        "t": texts.say(language),
        "language": language,
        "style": statics.url("careweft.css"),
        "icon": statics.url("careweft.svg"),
        "tenant": request.tenant,
        "session": request.session,
        "request_id": request.id,
        "day": lambda at: texts.day(language, at, zone),
        "moment": lambda at: texts.moment(language, at, zone),
        "written": lambda on: texts.written(language, on.isoformat()),
    }


def language_of(request: Request) -> str:
    """The language of the one who reads the reply to this request."""
    account = request.session.account if request.session else None
    own = account.language if account else texts.ENGLISH
    chosen = own if own != texts.ENGLISH or (account and account.chosen) else None  # English is what all begin with
    return texts.spoken((request.locales, chosen), request.headers.get(b"accept-language", b""))


def say(request: Request) -> texts.Say:
    """The texts in the language of the one who reads the reply to this request."""
    return texts.say(language_of(request))


def policy(sends: Sequence[str] = (), *, scripts: bool = False) -> tuple[bytes, bytes]:
    """The Content-Security-Policy of a page: https://www.w3.org/TR/CSP3/"""
    parts = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        " ".join(("form-action 'self'", *sends)),
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
        *(("script-src 'self'", "connect-src 'self'") if scripts else ()),
    ]
    return b"content-security-policy", "; ".join(parts).encode("latin-1")


def seen(place: str, *headers: tuple[bytes, bytes]) -> Reply:
    """303: what was asked is done, and this is the page to look at (OAUTH-28)."""
    return Reply(303, [(b"location", place.encode("latin-1")), *ALWAYS, *headers])


def refusal(request: Request, refused: FhirRefusal, headers: Headers) -> Reply:
    """A refusal as a page of the same look; whoever has to sign in first, or to set up a second factor, is sent there.

    Its words are ours, by the kind of refusal: what a request said is never repeated.
    """
    if request.tenant is not None and refused.code in SENT_TO:
        return seen(SENT_TO[refused.code].format(tenant=request.tenant.id, then=request.known_route.name))
    words = words_of(refused)
    again = request.route.page if request.route and request.tenant else ""
    for name, value in request.args.items():
        again = again.replace(f"{{{name}}}", value)
    detail = refused.message if isinstance(refused, ShownRefusal) else None
    told: dict[str, Any] = {
        "heading": f"refusal.{words}.title",
        "text": f"refusal.{words}.text",
        "again": again,
        "detail": detail,
    }
    return page(request, "refusal.html", status=refused.status, headers=headers, **told)


def shown_here(logo: str | None) -> str | None:
    """The path of a logo that was taken in here; what lies elsewhere is not shown."""
    path = urlsplit(logo or "").path
    return path if path.startswith("/pictures/") else None


def words_of(refused: FhirRefusal) -> str:
    """The rows of the table of texts that tell a refusal."""
    if isinstance(refused, PageRefusal):
        return refused.words
    if isinstance(refused, ShownRefusal):
        return "app"
    return str(refused.status if refused.status in TOLD else 400)
