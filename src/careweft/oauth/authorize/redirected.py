"""The checks whose refusal goes back to the application, in their order (OAUTH-02).

https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html#obtain-authorization-code
"""

import re
from collections.abc import Callable

from ..errors import (
    InvalidRequest,
    OAuthError,
    RequestNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from .asked import LONGEST, LONGEST_OTHER, Asking

Check = Callable[[Asking], None]

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""BASE64URL of a SHA-256: 43 characters, no more and no less (RFC 7636 4.2)."""
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
NAMED = ("response_type", "response_mode", "scope", "state", "aud", "resource", "launch", "nonce", "prompt", "max_age",
         "login_hint", "code_challenge", "code_challenge_method", "request", "request_uri")  # fmt: skip


def said_once(asking: Asking) -> None:
    """Each parameter once (RFC 6749 3.1), and no longer than anyone needs."""
    for name in NAMED:
        if name in asking.asked.repeated:
            raise InvalidRequest(f"{name} was sent more than once")
    for name, value in asking.asked.given.items():
        longest = LONGEST.get(name, LONGEST_OTHER)
        if len(value) > longest and name in NAMED:
            raise InvalidRequest(f"{name} is longer than {longest} characters")


def plain_request(asking: Asking) -> None:
    """No request object, neither by value nor by somebody else's URL: a pushed request does better."""
    if asking.asked.one("request") is not None:
        raise RequestNotSupported
    if asking.asked.one("request_uri") is not None:
        raise InvalidRequest("a pushed request holds no request_uri")


def pushed_where_wanted(asking: Asking) -> None:
    """OAUTH-31: some applications are only taken by PAR."""
    if asking.client.require_par and not asking.pushed:
        raise InvalidRequest("this application has to push its authorization requests")


def used_by_people(asking: Asking) -> None:
    """A backend service has nobody who could sign in (OAUTH-34)."""
    if asking.client.type == "system":
        raise UnauthorizedClient("an application of type system is not used by people")


def authorized_by_the_tenant(asking: Asking) -> None:
    """AUTHZ-16: the tenant has to have said yes to the application."""
    if not asking.client.approved:
        raise UnauthorizedClient("Application not authorized for this tenant")


def code_response_only(asking: Asking) -> None:
    """D-06: no implicit flow, no hybrid one."""
    if asking.asked.one("response_type") is None:
        raise InvalidRequest("response_type is required")
    if asking.asked.one("response_type") != "code":
        raise UnsupportedResponseType


def query_response_only(asking: Asking) -> None:
    """OAUTH-34: the code goes back in the query."""
    if asking.asked.one("response_mode") not in (None, "query"):
        raise InvalidRequest("response_mode has to be query")


def state_given(asking: Asking) -> None:
    """D-07: SMART makes state mandatory."""
    if asking.asked.one("state") is None:
        raise InvalidRequest("state is required")


def audience_is_its_api(asking: Asking) -> None:
    """SMART-04: the FHIR base URL of this tenant, on the client's side, byte for byte; `resource` says the same."""
    said = {value for name in ("aud", "resource") if (value := asking.asked.one(name)) is not None}
    if not said:
        raise InvalidRequest("aud is required: the FHIR base URL")
    if said != {asking.audience}:
        raise InvalidRequest(f"aud has to be {asking.audience}")


def pkce_s256(asking: Asking) -> None:
    """OAUTH-07, D-08: a challenge by S256 from every client; without a method it would be `plain`."""
    challenge, method = asking.asked.one("code_challenge"), asking.asked.one("code_challenge_method")
    if challenge is None:
        raise InvalidRequest("code_challenge is required (PKCE)")
    if method != "S256":
        raise InvalidRequest("code_challenge_method has to be S256")
    if not CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("code_challenge has to be the base64url of a SHA-256: 43 characters")


def prompt_known(asking: Asking) -> None:
    """OpenID Connect 3.1.2.1: none stands alone."""
    said = (asking.asked.one("prompt") or "").split()
    if not PROMPTS.issuperset(said) or ("none" in said and len(said) > 1):
        raise InvalidRequest("prompt has to be none, or one or more of login, consent and select_account")


def max_age_in_seconds(asking: Asking) -> None:
    """OpenID Connect 3.1.2.1."""
    said = asking.asked.one("max_age")
    if said is not None and not re.fullmatch(r"[0-9]{1,9}", said):
        raise InvalidRequest("max_age has to be a number of seconds")


def scope_given(asking: Asking) -> None:
    """What of it is granted is told by `scope.within`; that there is one is said here."""
    if asking.asked.one("scope") is None:
        raise InvalidRequest("scope is required")


def launch_and_scope_agree(asking: Asking) -> None:
    """An EHR's handle is for a request that asks for its context."""
    if asking.asked.one("launch") is not None and "launch" not in (asking.asked.one("scope") or "").split(" "):
        raise InvalidRequest("the parameter launch goes with the scope launch")


REDIRECTED: tuple[Check, ...] = (
    said_once,
    plain_request,
    pushed_where_wanted,
    used_by_people,
    authorized_by_the_tenant,
    code_response_only,
    query_response_only,
    state_given,
    audience_is_its_api,
    pkce_s256,
    prompt_known,
    max_age_in_seconds,
    scope_given,
    launch_and_scope_agree,
)


def passed(asking: Asking, checks: tuple[Check, ...] = REDIRECTED) -> OAuthError | None:
    """The refusal of the first check that fails, None where all hold."""
    try:
        for check in checks:
            check(asking)
    except OAuthError as wrong:
        return wrong
    return None
