"""The two sample applications that keep a secret: a small server-side SMART client with one page.

What it knows of a visitor lies sealed in a cookie of its own path; the platform behind it is asked over HTTP alone.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...fhir.outcomes import NotFound
from ...surfaces import find
from ...values import dataclass
from .. import pages
from ..counter import Counter
from ..exchange import Reply, Request
from ..forms import pairs
from ..route import Public, Route
from ..sealed import SealedCookie
from ..trial import Preview
from .samples import READS, Sample
from .smart import SmartClient, Trouble

SHOWN = 5
KEPT_SECONDS = 8 * 3600


@dataclass(frozen=True, slots=True)
class ServerSample:
    """The handlers of one sample."""

    sample: Sample
    preview: Preview
    base_url: str
    counter: Counter

    def rows(self) -> Iterator[Route]:
        """Its page, the launch, the way back, and its two buttons."""
        home, key = self.sample.home, self.sample.key
        for method, path, answer in (
            ("GET", home, self.show),
            ("GET", self.sample.launch, self.begin),
            ("GET", self.sample.callback, self.finish),
            ("POST", f"{home}/refresh", self.refresh),
            ("POST", f"{home}/forget", self.forget),
        ):
            yield Route((method,), path, Public(), answer, f"sample-{key}", "", speaks="page", page=home)

    async def show(self, request: Request) -> Reply:
        """What it may see, or the button that begins."""
        kept = self._kept(request)
        if "access_token" not in kept:
            return self._page(request, kept)
        seen = await self._seen(kept)
        return self._page(request, kept, **seen)

    async def begin(self, request: Request) -> Reply:
        """Launch: standalone, or as an EHR says it with `iss` and `launch`."""
        asked = dict(pairs(request.query))
        iss, launch = asked.get("iss", self._iss), asked.get("launch")
        if iss != self._iss:
            raise NotFound("This sample knows one server only.")
        words = self.sample.launched if launch else self.sample.words
        begun = await self._client.begin(iss, (*words, *self.sample.scopes), launch)
        return pages.seen(begun.url, self._keep({"state": begun.state, "verifier": begun.verifier, "iss": iss}))

    async def finish(self, request: Request) -> Reply:
        """The person is back, with a code or with a refusal."""
        begun = self._kept(request)
        if "state" not in begun:
            return pages.seen(self.sample.home)
        try:
            told = await self._client.finish(begun, dict(pairs(request.query)))
        except Trouble as trouble:
            return pages.seen(self.sample.home, self._keep({"trouble": str(trouble)}))
        return pages.seen(self.sample.home, self._keep({**told, "iss": begun["iss"]}))

    async def refresh(self, request: Request) -> Reply:
        """A new access token for the refresh token."""
        await self.counter.take(request, self.sample.key)
        kept = self._kept(request)
        try:
            told = await self._client.refresh(kept["iss"], kept["refresh_token"])
        except (Trouble, KeyError) as trouble:
            return pages.seen(self.sample.home, self._keep({"trouble": str(trouble)}))
        return pages.seen(self.sample.home, self._keep({**kept, **told, "refreshed": True}))

    async def forget(self, request: Request) -> Reply:
        """Give the token back, and forget it."""
        await self.counter.take(request, self.sample.key)
        kept = self._kept(request)
        if token := kept.get("refresh_token") or kept.get("access_token"):
            await self._client.revoke(kept["iss"], token)
        return pages.seen(self.sample.home, self._keep({}))

    @property
    def _iss(self) -> str:
        return find("provider", "patient").url(self.base_url, self.preview.apps[self.sample.key].tenant)

    @property
    def _client(self) -> SmartClient:
        credential = self.preview.apps[self.sample.key]
        return SmartClient(credential, f"{self.base_url}{self.sample.callback}", self.preview.ask)

    async def _seen(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        """The person, a few observations, and what it was not let see."""
        iss, token, patient = kept["iss"], kept["access_token"], kept.get("patient")
        granted = set(kept["scope"].split())
        if patient is None:
            status, found = await self._client.read(iss, f"Patient?_count={SHOWN}", token)
            return {
                "people": [person(one) for one in listed(found)],
                "answered": status,
                "withheld": self._withheld(granted),
            }
        status, found = await self._client.read(iss, f"Patient/{patient}", token)
        _, bundle = await self._client.read(iss, f"Observation?patient={patient}&_sort=-date&_count={SHOWN}", token)
        answers = [
            (one, (await self._client.read(iss, f"{one}?patient={patient}&_count=1", token))[0]) for one in READS[2:]
        ]
        return {
            "people": [person(found)] if status == 200 else [],
            "answered": status,
            "findings": [finding(one) for one in listed(bundle)],
            "answers": answers,
            "withheld": self._withheld(granted),
        }

    def _withheld(self, granted: set[str]) -> list[str]:
        return [one for one in self.sample.scopes if one not in granted]

    def _page(self, request: Request, kept: Mapping[str, Any], **seen: Any) -> Reply:
        secret = ("access_token", "refresh_token", "id_token")
        told = {
            name: "…" if name in secret else value for name, value in kept.items() if name not in ("iss", "refreshed")
        }
        values = {"people": [], "findings": [], "answers": [], "withheld": [], "answered": None, **seen}
        return self.counter.show(
            request, "sample.html", self.sample.key, sample=self.sample, connected="access_token" in kept,
            trouble=kept.get("trouble"), refreshed=kept.get("refreshed", False),
            told=json.dumps(told, indent=2, ensure_ascii=False), lasting="refresh_token" in kept, **values,
        )  # fmt: skip

    def _kept(self, request: Request) -> dict[str, Any]:
        return self._cookie.read(request)

    def _keep(self, what: Mapping[str, Any]) -> tuple[bytes, bytes]:
        return self._cookie.keep(what)

    @property
    def _cookie(self) -> SealedCookie:
        name, preview = f"sample-{self.sample.key}", self.preview
        return SealedCookie(name, self.sample.home, KEPT_SECONDS, preview.seal, preview.unseal)


def listed(bundle: Any) -> list[dict[str, Any]]:
    """The resources of a search's answer."""
    return [one["resource"] for one in (bundle or {}).get("entry", ()) if one.get("search", {}).get("mode") == "match"]


def person(patient: Mapping[str, Any]) -> str:
    """A patient's name, as a page shows it."""
    name = (patient.get("name") or [{}])[0]
    return " ".join([*name.get("given", ()), name.get("family", "")]).strip() or patient["id"]


def finding(observation: Mapping[str, Any]) -> tuple[str, str]:
    """What was observed, and what came out."""
    coding = (observation["code"].get("coding") or [{}])[0]
    what = observation["code"].get("text") or coding.get("display") or coding.get("code", "")
    found = [one["valueQuantity"] for one in (observation, *observation.get("component", ())) if "valueQuantity" in one]
    if found:
        return what, f"{' / '.join(str(one.get('value', '')) for one in found)} {found[0].get('unit', '')}".strip()
    concept = observation.get("valueCodeableConcept", {})
    return what, concept.get("text") or (concept.get("coding") or [{}])[0].get("display", "")
