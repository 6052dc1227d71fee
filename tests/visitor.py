"""A person with a browser that has no script: reads pages, fills in their forms, follows where they lead."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

READING = 0.55
"""Seconds in which a consent page may be read: a click that comes sooner is asked for again."""
MOST = 12
Tick = Callable[[str, bool], bool]
"""Whether a box is ticked in the end, by its key and by how it was shown."""


def as_shown(_key: str, ticked: bool) -> bool:
    return ticked


def only(*keys: str) -> Tick:
    return lambda key, _: key in keys


def without(*keys: str) -> Tick:
    return lambda key, ticked: ticked and key not in keys


@dataclass
class Form:
    """A form of a page: where it goes, and its fields in their order with type and whether they are on."""

    action: str
    fields: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return any(one[0] == name for one in self.fields)

    def filled(self, tick: Tick = as_shown, **given: str) -> list[tuple[str, str]]:
        """Its pairs: hidden fields as they are, boxes by `tick`, the rest by name."""
        pairs = []
        for name, value, kind, on in self.fields:
            if kind == "checkbox":
                pairs += [(name, value)] if tick(value, on) else []
            elif kind in ("hidden", "text", "password") and name not in given:
                pairs.append((name, value))
        return pairs + list(given.items())


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(said.get("action", "")))
            self._open = True
        elif tag in ("input", "button") and self._open and said.get("name"):
            kind = "button" if tag == "button" else said.get("type", "text")
            self.found[-1].fields.append((said["name"], said.get("value", ""), kind, "checked" in said))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def forms(page: httpx.Response) -> list[Form]:
    parser = Forms()
    parser.feed(page.text)
    return parser.found


@dataclass
class Visitor:
    """Somebody with a login. `seen` are the pages on the last way, `offered` the boxes on its consent page."""

    base_url: str
    username: str
    password: str = field(repr=False)
    seen: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    _http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.base_url, trust_env=False, timeout=60)

    def close(self) -> None:
        self._http.close()

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path, follow_redirects=True)

    def post(self, path: str, pairs: list[tuple[str, str]]) -> httpx.Response:
        """As the browser does it from a page of ours."""
        body = str(httpx.QueryParams(pairs))
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base_url}
        return self._http.post(path, content=body, headers=headers)

    def sent(self, answer: httpx.Response) -> Iterator[httpx.Response]:
        """The pages that this answer leads to, until one that is not ours; the last one is a page, or leads away."""
        for _ in range(MOST):
            yield answer
            if not answer.has_redirect_location or not self._ours(answer.headers["location"]):
                return
            answer = self._http.get(urljoin(str(answer.url), answer.headers["location"]))
        raise AssertionError(f"{answer.url} leads on and on")

    def grant(
        self, url: str, *, form: dict[str, str] | None = None, patient: str = "", find: str = "", tick: Tick = as_shown
    ) -> dict[str, str]:
        """What an application's redirect carries in the end: signed in, picked, ticked and allowed on the way.

        An answer that shows a page without a way on is the page's status, under `shown`.
        """
        self.seen, self.offered = [], []
        answer = self._http.post(url, data=form) if form is not None else self._http.get(url)
        for _ in range(MOST):
            *_, answer = self.sent(answer)
            if answer.has_redirect_location:
                return dict(parse_qsl(urlsplit(answer.headers["location"]).query, keep_blank_values=True))
            page = urlsplit(str(answer.url)).path.split("/")[-2]
            if answer.status_code != 200 or page not in ("sign-in", "pick", "consent"):
                return {"shown": str(answer.status_code)}
            self.seen.append(page)
            answer = self._filled(page, answer, patient, find, tick)
        raise AssertionError(f"no way through {self.seen}")

    def sign_in(self, page: httpx.Response) -> httpx.Response:
        """By name and password, on the page that is open."""
        form = next(one for one in forms(page) if one.has("password"))
        return self.post(form.action, form.filled(username=self.username, password=self.password))

    def opened(self, path: str) -> httpx.Response:
        """A page of the person's account, signed in where need be."""
        page = self.get(path)
        if any(one.has("password") for one in forms(page)):
            *_, page = self.sent(self.sign_in(page))
            page = self.get(path)
        assert page.status_code == 200, page.text
        return page

    def take_back(self, tenant: str, said: str) -> int:
        """Each grant on the account's page whose card says this; how many."""
        page = self.opened(f"/account/{tenant}/apps")
        cards = [one for one in page.text.split('class="card"')[1:] if said in one]
        for card in cards:
            parser = Forms()
            parser.feed(card)
            answer = self.post(parser.found[0].action, parser.found[0].filled())
            assert answer.status_code == 303, answer.text
        return len(cards)

    def _filled(self, page: str, answer: httpx.Response, patient: str, find: str, tick: Tick) -> httpx.Response:
        if page == "sign-in":
            return self.sign_in(answer)
        form = forms(answer)[0]
        if page == "pick":
            if form.has("text"):
                answer = self.post(form.action, form.filled(text=find, do="search"))
                form = next(one for one in forms(answer) if one.has("patient"))
            return self.post(form.action, form.filled(patient=patient))
        self.offered = [value for name, value, _, _ in form.fields if name == "allow"]
        time.sleep(READING)
        return self.post(form.action, form.filled(tick, do="allow"))

    def _ours(self, location: str) -> bool:
        return location.startswith(("/", f"{self.base_url}/"))
