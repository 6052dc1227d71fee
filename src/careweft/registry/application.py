"""Registering an application: what is asked for, the checks in their order, and what it gets.

SMART's client registration: https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html#register-app-with-ehr
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..access import labels as sensitive
from ..access.scopes import Scope
from ..ports.clients import Client
from .keysets import check_set
from .names import check_name
from .refusal import RegistrationRefused
from .urls import check_jwks, check_origin, check_redirect

CHOICES = {
    "type": ("patient", "practitioner", "system"),
    "platform": ("web", "native"),
    "access": ("provider", "payer", "intake"),
    "auth": ("secret", "private-key-jwt", "none"),
}
LEVELS = {"patient": ("patient", "user"), "practitioner": ("patient", "user"), "system": ("system",)}
WORDS = frozenset(
    {"openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access"}
)
USUAL = {
    "patient": ("launch/patient", "openid", "fhirUser", "offline_access", "patient/*.rs"),
    "practitioner": ("launch", "launch/patient", "openid", "fhirUser", "offline_access", "user/*.rs", "patient/*.rs"),
    "system": ("system/*.rs",),
}
INTAKE = ("system/*.cud",)
LONGEST_LIFETIME = 43200
MOST = 20


@dataclass(frozen=True, slots=True)
class Application:
    """What somebody asks to be registered. Empty `scopes` mean the usual ones of its type."""

    name: str
    type: str
    access: str
    auth: str
    platform: str = "web"
    scopes: tuple[str, ...] = ()
    jwks_uri: str | None = None
    jwks: dict[str, Any] | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    bulk: bool = False
    lifetime: int | None = None
    fetch_allow: frozenset[str] = frozenset()
    """Each `host:port` whose key sets may be fetched over http; empty in production (decision 24)."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The client, and its secret: this is the only time that it can be seen."""

    client: Client
    secret: str | None = field(default=None, repr=False)


def register(
    asked: Application,
    tenant: int,
    *,
    identifier: Callable[[], str],
    secret: Callable[[], str],
    digest: Callable[[str], bytes],
    approved: bool = False,
) -> Registered:
    """The application as a client of the tenant, under an id that is ours (OAUTH-33). Raises RegistrationRefused.

    `identifier` and `secret` make new unguessable values, `digest` what is kept of a secret (OAUTH-12).
    """
    for check in CHECKS:
        check(asked)
    shown = secret() if asked.auth == "secret" else None
    client = Client(
        id=identifier(),
        tenant=tenant,
        name=asked.name,
        type=asked.type,
        platform=asked.platform,
        access=asked.access,
        auth=asked.auth,
        scopes=asked.scopes or usual(asked),
        secrets=() if shown is None else ((digest(shown), None),),
        jwks_uri=asked.jwks_uri,
        jwks=asked.jwks,
        redirect_uris=asked.redirect_uris,
        origins=asked.origins,
        bulk=asked.bulk,
        lifetime=asked.lifetime,
        approved=approved,
    )
    return Registered(client, shown)


def usual(asked: Application) -> tuple[str, ...]:
    """The scopes of an application that named none."""
    return INTAKE if asked.access == "intake" else USUAL[asked.type]


def known_choices(asked: Application) -> None:
    """Type, platform, access and authentication are words that we know."""
    for name, choices in CHOICES.items():
        if getattr(asked, name) not in choices:
            raise RegistrationRefused(f"{name} wants one of {', '.join(choices)}")


def readable_name(asked: Application) -> None:
    """OATK-13."""
    check_name(asked.name)


def authentication(asked: Application) -> None:
    """A method that fits: nothing to hide only in native applications, and a backend service always proves itself."""
    if asked.auth == "none" and (asked.type == "system" or asked.platform == "web"):
        raise RegistrationRefused("auth none is for native applications that people use")
    given = (asked.jwks_uri is not None) + (asked.jwks is not None)
    if given != (asked.auth == "private-key-jwt"):
        raise RegistrationRefused(
            "auth private-key-jwt wants exactly one of jwks_uri and jwks, the others want neither"
        )
    if asked.jwks_uri is not None:
        check_jwks(asked.jwks_uri, asked.fetch_allow)
    if asked.jwks is not None:
        check_set(asked.jwks)


def addresses(asked: Application) -> None:
    """OAUTH-03, and the origins of browser applications (OAUTH-30)."""
    for name in ("redirect_uris", "origins"):
        values = getattr(asked, name)
        if len(values) > MOST or len(set(values)) != len(values):
            raise RegistrationRefused(f"{name} wants at most {MOST} values, each once")
    if asked.redirect_uris and asked.type == "system":
        raise RegistrationRefused("a backend service has no redirect_uri")
    for uri in asked.redirect_uris:
        check_redirect(uri, asked.platform)
    for origin in asked.origins:
        check_origin(origin)


def fitting_scopes(asked: Application) -> None:
    """Scopes that this kind of application can ever be granted (OAUTH-34)."""
    levels = LEVELS[asked.type]
    for text in asked.scopes:
        scope = Scope.read(text)
        if scope is None and text not in sensitive.WORDS and (text not in WORDS or asked.type == "system"):
            raise RegistrationRefused(f"scope wants SMART scopes such as {levels[0]}/*.rs, not {text!r}")
        if scope is not None and scope.level not in levels:
            raise RegistrationRefused(
                f"a {asked.type} application is given {' and '.join(levels)} scopes, not {text!r}"
            )
    if len(set(asked.scopes)) != len(asked.scopes) or len(" ".join(asked.scopes)) > 4096:
        raise RegistrationRefused("scopes want to be said once each, in at most 4096 characters")


def only_systems_export(asked: Application) -> None:
    """Bulk export and intake are for backend services."""
    if asked.type != "system" and (asked.bulk or asked.access == "intake"):
        raise RegistrationRefused("bulk export and intake are for applications of type system")


def lifetime(asked: Application) -> None:
    """OAUTH-17: no setting makes a token live longer than twelve hours."""
    if asked.lifetime is not None and not 60 <= asked.lifetime <= LONGEST_LIFETIME:
        raise RegistrationRefused(f"lifetime wants 60 to {LONGEST_LIFETIME} seconds, not {asked.lifetime}")


CHECKS: tuple[Callable[[Application], None], ...] = (
    known_choices, readable_name, authentication, addresses, fitting_scopes, only_systems_export, lifetime,
)  # fmt: skip
