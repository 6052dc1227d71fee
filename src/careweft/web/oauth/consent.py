"""The page on which a person says yes or no, box by box: plain words for what `oauth.consent` offers (SMART-08)."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from ...oauth.authorization import Ask
from ...oauth.authorize.refusals import ShownRefusal
from ...oauth.consent import PARTS, REMEMBER, Permission
from ...ports.clients import Client
from ...ports.permits import Pending
from ...values import dataclass
from .. import pages
from ..counter import Counter, Filled
from ..exchange import Reply, Request
from ..stamps import CLICK
from ..texts import Say, known
from .pick import form
from .steps import Steps, context, leads_to

GROUPS = (
    ("record", "consent.records", "consent.records_hint"),
    ("write", "consent.writes", None),
    ("sensitive", "consent.sensitive", "consent.sensitive_hint"),
    ("identity", "consent.identity", None),
    ("lasting", "consent.lasting", None),
)
"""The fieldsets of the page, in their order: kind of permission, legend, hint."""
NAMES = {f"category={value}": word for parts in PARTS.values() for word, value in parts}


@dataclass(frozen=True, slots=True)
class Consent:
    """The handlers of `/auth/{tenant}/consent/{id}`."""

    steps: Steps
    counter: Counter

    async def show(self, request: Request) -> Reply:
        """`GET`"""
        step = await self.steps.next(request, await self.steps.pending(request))
        if not isinstance(step, Ask):
            return self.steps.reply(request, step)
        return self._page(request, step)

    async def send(self, request: Request) -> Reply:
        """`POST`: yes to what is ticked, or no. A yes that comes too soon to be meant is asked for again (OATK-11)."""
        pending = await self.steps.pending(request)
        filled = await self.counter.take(request, form(pending))
        if filled.one("do") == "deny":
            return await self.refused(request, pending)
        step = await self.steps.next(request, pending)
        if not isinstance(step, Ask):
            return self.steps.reply(request, step)
        if fault := self._fault(filled):
            return self._page(request, step, frozenset(filled.every("allow")), fault)
        return await self._allowed(request, step.request, filled.every("allow"))

    async def refused(self, request: Request, pending: Pending) -> Reply:
        """The person said no: back to the application."""
        try:
            url = await self.steps.granting.refuse(request.known_tenant, pending, request.session, context(request))
        except ShownRefusal as refused:
            raise pages.Ended(refused.reason) from refused
        return pages.seen(url)._replace(recorded=True)

    async def _allowed(self, request: Request, pending: Pending, ticked: Sequence[str]) -> Reply:
        try:
            url = await self.steps.granting.permit(
                request.known_tenant, pending, request.known_session, ticked, context(request)
            )
        except ShownRefusal as refused:
            raise pages.Ended(refused.reason) from refused
        return pages.seen(url)._replace(recorded=True)

    def _fault(self, filled: Filled) -> str | None:
        if filled.age < CLICK:
            return "consent.too_soon"
        return None if {*filled.every("allow")} - {REMEMBER} else "consent.nothing"

    def _page(
        self, request: Request, step: Ask, ticked: Collection[str] | None = None, fault: str | None = None
    ) -> Reply:
        t, path = pages.say(request), f"/auth/{request.known_tenant.id}/consent/{step.request.id}"
        lasting = any(one.kind == "lasting" for one in step.permissions)
        return self.counter.show(
            request, "consent.html", form(step.request), status=200 if fault is None else 422,
            app=described(step.client, step.request), about=about(t, step), groups=list(groups(t, step, ticked)),
            action=path, switch=path.replace("/consent/", "/switch/"), lasting=lasting, hours=span(t, step.seconds),
            errors=[("", t(fault))] if fault else (), sends=leads_to(step.request),
            remember=REMEMBER if step.standing else None, remembered=REMEMBER in (ticked or ()),
        )  # fmt: skip


def groups(t: Say, step: Ask, ticked: Collection[str] | None) -> Iterator[dict[str, Any]]:
    """The fieldsets with their boxes; `ticked` is what was ticked when the page was sent back, None at first."""
    number = 0
    for kind, title, hint in GROUPS:
        boxes = []
        for one in step.permissions:
            if one.kind == kind:
                number += 1
                boxes.append(box(t, step, one, f"allow-{number}", ticked))
        if boxes:
            whole = kind == "record" and step.whole
            yield {"kind": kind, "title": title, "hint": "consent.whole_hint" if whole else hint, "permissions": boxes}


def box(t: Say, step: Ask, one: Permission, id_: str, ticked: Collection[str] | None) -> dict[str, Any]:
    """One tick box, with the boxes of its parts."""
    parts = [
        {"key": part.key, "id": f"{id_}-{at}", "text": part_text(t, part.word), "ticked": part.key in (ticked or ())}
        for at, part in enumerate(one.parts, 1)
    ]
    return {
        "key": one.key,
        "id": id_,
        "text": text(t, one),
        "hint": hint_of(t, step, one),
        "ticked": one.ticked if ticked is None else one.key in ticked,
        "parts": parts,
        "open": any(part["ticked"] for part in parts),
    }


def text(t: Say, one: Permission) -> str:
    """What a box is about, in plain words; the filters where an application asks for some of a type only."""
    if one.kind in ("record", "write"):
        return limited(t, one, named(t, one))
    return t(f"{one.kind}.{one.type.rpartition('/')[2]}")


def named(t: Say, one: Permission) -> str:
    """The plain words of a type that is read or written."""
    key = f"{one.kind}.{one.type}"
    if known(key):
        return t(key)
    return t("write.other", what=t(f"record.{one.type}")) if one.kind == "write" else one.type


def limited(t: Say, one: Permission, words: str) -> str:
    """The words with the filters of its scopes behind them, where every one of them has some."""
    only = ["&".join(f"{name}={value}" for name, value in scope.only) for scope in one.scopes]
    if not only or not all(only):
        return words
    return f"{words}: {', '.join(part_text(t, NAMES.get(each, each)) for each in dict.fromkeys(only))}"


def part_text(t: Say, word: str) -> str:
    """The plain words of a part, or the filter as the application wrote it."""
    return t(f"part.{word}") if known(f"part.{word}") else word


def hint_of(t: Say, step: Ask, one: Permission) -> str | None:
    """What is said under a box: how long a lasting permission lasts."""
    if one.kind != "lasting":
        return None
    if one.type == "online_access":
        return t("lasting.online_hint")
    said = t("lasting.offline_hint", span=days(t, step.days))
    return said if step.limit is None else f"{said} {t('lasting.limit', span=days(t, step.limit))}"


def about(t: Say, step: Ask) -> str:
    """Whose records it is about."""
    if not any(one.kind in ("record", "write", "sensitive") for one in step.permissions):
        return t("consent.identity_only", app=step.client.name)
    if step.patient is None:
        return t("consent.about_user", app=step.client.name)
    if step.patient.relation == "self":
        return t("consent.about_you", app=step.client.name)
    return t("consent.about", app=step.client.name, patient=step.patient.name)


def described(client: Client, pending: Pending) -> dict[str, Any]:
    """The application as the page tells it."""
    parts = urlsplit(pending.redirect_uri)
    return {
        "name": client.name,
        "publisher": client.publisher,
        "logo": pages.shown_here(client.logo),
        "verified": client.verified,
        "known": client.created,
        "site": client.home,
        "site_name": urlsplit(client.home).hostname if client.home else None,
        "policy": client.policy,
        "terms": client.terms,
        "goes_to": parts.hostname or f"{parts.scheme}:",
    }


def span(t: Say, seconds: int) -> str:
    """Seconds as hours or minutes."""
    if seconds % 3600:
        return t("span.minutes", count=max(1, seconds // 60))
    return t("span.hour") if seconds == 3600 else t("span.hours", count=seconds // 3600)


def days(t: Say, count: int) -> str:
    """Days as years, months or days, never more than they are."""
    if count >= 730:
        return t("span.years", count=count // 365)
    return t("span.months", count=count // 30) if count >= 60 else t("span.days", count=count)
