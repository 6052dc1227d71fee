"""The rows of the pages between an authorization request and its answer."""

from collections.abc import Iterator

from ...accounts.reception import Reception
from ...oauth.authorization import Granting
from ...oauth.ending import Ending
from ...surfaces.issuers import V2
from ..counter import Counter
from ..route import Handler, Route, Visitor
from ..signing import SigningIn
from .consent import Consent
from .logout import FORM, Logout
from .pick import Picking
from .signin import Arriving
from .steps import Steps
from .visit import Choosing

BASE = "/auth/{tenant}"
LAST = "/{id}"


def rows(granting: Granting, ending: Ending, people: Reception, counter: Counter) -> Iterator[Route]:
    """Sign-in, picker, consent, and the ways out."""
    logout = Logout(ending, people, counter)
    for method in ("GET", "POST"):
        yield Route(
            (method,), f"{V2.base}/logout", Visitor(), logout.show, "logout", "sign-out", V2.name, speaks="page",
            paced=True,
        )  # fmt: skip
    yield Route(("POST",), f"{BASE}/sign-out", Visitor(), logout.send, FORM, "sign-out", V2.name, speaks="page")
    steps = Steps(granting)
    consent = Consent(steps, counter)
    choosing = Choosing(steps, counter)
    picking, arriving = Picking(steps, counter), Arriving(people, steps, counter, consent)
    yield from SigningIn(people, counter, arriving.find).rows(f"{BASE}/sign-in{LAST}", "sign-in")
    yield _row("GET", "pick", picking.show)
    yield _row("POST", "pick", picking.send)
    yield _row("GET", "visit", choosing.show)
    yield _row("POST", "visit", choosing.send)
    yield _row("GET", "consent", consent.show)
    yield _row("POST", "consent", consent.send)
    yield _row("POST", "leave", arriving.leave, "sign-in")
    yield _row("POST", "switch", arriving.switch, "consent")


def _row(method: str, word: str, answer: Handler, page: str | None = None) -> Route:
    shown = f"{BASE}/{page or word}{LAST}"
    return Route(
        (method,), f"{BASE}/{word}{LAST}", Visitor(), answer, word, "authorize", V2.name, speaks="page", page=shown
    )
