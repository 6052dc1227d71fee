"""Registering an application: what is asked for, the checks in their order, and what it gets.

SMART's client registration: https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html#register-app-with-ehr
"""

from collections.abc import Callable
from dataclasses import field
from typing import Any

from ..access import labels as sensitive
from ..access.scopes import Scope
from ..ports.clients import Client
from ..values import dataclass
from .keysets import check_set
from .names import check_name
from .refusal import RegistrationRefused
from .urls import check_jwks, check_origin, check_page, check_redirect

CHOICES = {
    "type": ("patient", "practitioner", "system"),
    "platform": ("web", "native", "browser"),
    "access": ("provider", "payer", "intake", "research"),
    "auth": ("secret", "private-key-jwt", "none"),
}
LEVELS = {"patient": ("patient", "user"), "practitioner": ("patient", "user"), "system": ("system",)}
WORDS = frozenset(
    {"openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access"}
)
SYSTEM_WORDS = frozenset({"launch/create"})
"""An EHR's own right to launch applications in the context of its users."""
PAGES = ("launch_url", "home", "policy", "terms", "logo")
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
    logout_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    bulk: bool = False
    lifetime: int | None = None
    launch_url: str | None = None
    publisher: str | None = None
    home: str | None = None
    policy: str | None = None
    terms: str | None = None
    logo: str | None = None
    require_par: bool = False
    refresh_days: int = 92
    refresh_limit: int | None = 1096
    grace: int | None = None
    description: str = ""
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
        logout_uris=asked.logout_uris,
        origins=asked.origins,
        bulk=asked.bulk,
        lifetime=asked.lifetime,
        approved=approved,
        launch_url=asked.launch_url,
        publisher=asked.publisher,
        home=asked.home,
        policy=asked.policy,
        terms=asked.terms,
        logo=asked.logo,
        require_par=asked.require_par,
        refresh_days=asked.refresh_days,
        refresh_limit=asked.refresh_limit,
        grace=asked.grace,
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
    """OATK-13; a publisher is a name like any other."""
    check_name(asked.name)
    if asked.publisher is not None:
        check_name(asked.publisher)
    if len(asked.description) > 1000 or any(not (one.isprintable() or one in "\r\n") for one in asked.description):
        raise RegistrationRefused("description wants at most 1000 readable characters")


def authentication(asked: Application) -> None:
    """A method that fits: nothing to hide on a person's own device, and a backend service always proves itself."""
    if asked.auth == "none" and (asked.type == "system" or asked.platform == "web"):
        raise RegistrationRefused("auth none is for native and browser applications that people use")
    if asked.auth != "none" and asked.platform == "browser":
        raise RegistrationRefused("a browser application can keep no secret: it wants auth none")
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
    for name in ("redirect_uris", "logout_uris", "origins"):
        values = getattr(asked, name)
        if len(values) > MOST or len(set(values)) != len(values):
            raise RegistrationRefused(f"{name} wants at most {MOST} values, each once")
    if (asked.redirect_uris or asked.logout_uris) and asked.type == "system":
        raise RegistrationRefused("a backend service has no redirect_uri")
    for uri in (*asked.redirect_uris, *asked.logout_uris):
        check_redirect(uri, asked.platform)
    for origin in asked.origins:
        check_origin(origin)


def pages(asked: Application) -> None:
    """Addresses that people are shown, and the one that an EHR opens."""
    for name in PAGES:
        value = getattr(asked, name)
        if value is not None:
            check_page(name, value)
    if asked.launch_url is not None and asked.type == "system":
        raise RegistrationRefused("a backend service is not launched")


def fitting_scopes(asked: Application) -> None:
    """Scopes that this kind of application can ever be granted (OAUTH-34)."""
    levels = LEVELS[asked.type]
    for text in asked.scopes:
        scope = Scope.read(text)
        if scope is None and text not in sensitive.WORDS and text not in words(asked.type):
            raise RegistrationRefused(f"scope wants SMART scopes such as {levels[0]}/*.rs, not {text!r}")
        if scope is not None and scope.level not in levels:
            raise RegistrationRefused(
                f"a {asked.type} application is given {' and '.join(levels)} scopes, not {text!r}"
            )
    if len(set(asked.scopes)) != len(asked.scopes) or len(" ".join(asked.scopes)) > 4096:
        raise RegistrationRefused("scopes want to be said once each, in at most 4096 characters")


def words(type_: str) -> frozenset[str]:
    """The scopes without a resource type that such an application may have."""
    return SYSTEM_WORDS if type_ == "system" else WORDS


def only_systems_export(asked: Application) -> None:
    """Bulk export and intake are for backend services."""
    if asked.type != "system" and (asked.bulk or asked.access in ("intake", "research")):
        raise RegistrationRefused("bulk export and intake are for applications of type system")


def lifetime(asked: Application) -> None:
    """OAUTH-17: no setting makes a token live longer than twelve hours."""
    if asked.lifetime is not None and not 60 <= asked.lifetime <= LONGEST_LIFETIME:
        raise RegistrationRefused(f"lifetime wants 60 to {LONGEST_LIFETIME} seconds, not {asked.lifetime}")


def refresh(asked: Application) -> None:
    """OAUTH-19 and D-10: at least three months of any length, and a grace of at most a minute."""
    if not 92 <= asked.refresh_days <= 3660:
        raise RegistrationRefused(f"refresh_days wants 92 to 3660 days, not {asked.refresh_days}")
    if asked.refresh_limit is not None and not asked.refresh_days <= asked.refresh_limit <= 36600:
        raise RegistrationRefused(f"refresh_limit wants refresh_days to 36600 days, not {asked.refresh_limit}")
    if asked.grace is not None and not 0 <= asked.grace <= 60:
        raise RegistrationRefused(f"grace wants 0 to 60 seconds, not {asked.grace}")


CHECKS: tuple[Callable[[Application], None], ...] = (
    known_choices, readable_name, authentication, addresses, pages, fitting_scopes, only_systems_export, lifetime,
    refresh,
)  # fmt: skip
