"""What is good for one use, asked for by fifty at the same moment, at a server of two processes: one is served.

OAUTH-04 (codes), OAUTH-11 (assertions), OAUTH-20 (refresh tokens). The fifty come over connections of their own.
"""

import contextlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.journeys.town import Caller
from tests.world import count

from .clinic import ASSERTION, Clinic, Launch, grant

AT_ONCE = 50
ROUNDS = count(1, 10)
FEW = "launch/patient openid fhirUser offline_access patient/Patient.rs"
Make = Callable[[Clinic], dict[str, Any]]


def code(clinic: Clinic) -> dict[str, Any]:
    """A code that was just given."""
    return Launch(clinic, "confidential", FEW).authorize().form()


def refresh_token(clinic: Clinic) -> dict[str, Any]:
    """A refresh token of a public client: for it there is no grace."""
    _, told = grant(clinic, "public", FEW)
    proof = {"client_id": clinic.apps["public"].id}
    return {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], **proof}


def assertion(clinic: Clinic) -> dict[str, Any]:
    """A refresh by an application whose assertion is the same each time; its token before the last one has a grace."""
    _, told = grant(clinic, "asymmetric", FEW)
    proof, _ = clinic.apps["asymmetric"].proof(f"{clinic.issuer}/token")
    assert proof["client_assertion_type"] == ASSERTION
    return {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], **proof}


@pytest.mark.parametrize("make", [code, refresh_token, assertion])
def test_one_of_fifty(clinic: Clinic, make: Make) -> None:
    """Exactly one success in each round; all others are refused, or not taken in by a busy server."""
    for _ in range(ROUNDS):
        form = make(clinic)
        headers = clinic.apps["confidential"].proof("")[1] if make is code else {}
        answers = at_once(clinic.at.port, f"{clinic.issuer}/token", form, headers)

        assert answers[200] == 1, answers
        assert sum(answers[status] for status in (200, 400, 401, 503)) == AT_ONCE, answers


def at_once(port: int, path: str, form: dict[str, Any], headers: dict[str, str]) -> Counter[int]:
    """The statuses of fifty equal requests, sent together."""

    def ask(_: int) -> int:
        with contextlib.closing(Caller(port)) as caller:
            return caller.ask(path, form=list(form.items()), **headers).status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(ask, range(AT_ONCE)))
