"""Settings: read from the environment once, by nobody else, and handed down as one frozen value.

Every field says what it is in its metadata; docs/reference/settings.md is made from that.
"""

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, field, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from .values import dataclass

PREFIX = "CAREWEFT_"
PRODUCTION, PREVIEW = "production", "preview"

# What our own Makefile tells the tests; not settings of the program.
OF_THE_TESTS = frozenset({"CAREWEFT_DRILL", "CAREWEFT_REQUIRE"})


class ConfigError(ValueError):
    """A setting is missing or cannot be meant; the message names it."""


def _setting(read: Callable[[str], Any], says: str, default: Any = MISSING, *, secret: bool = False) -> Any:
    """One field: how its text is read, what it means for a person, and its default."""
    return field(default=default, metadata={"read": read, "says": says, "secret": secret}, repr=not secret)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _text(text: str) -> str:
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise ValueError(f"wants a whole number from {low} to {high}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0.1 <= found <= 3600:
        raise ValueError("wants seconds, from 0.1 to 3600")
    return found


def _environment(text: str) -> str:
    if text not in (PRODUCTION, PREVIEW):
        raise ValueError(f"is {PRODUCTION} or {PREVIEW}")
    return text


def _origin(text: str) -> str:
    """Scheme, host and port, as every link begins."""
    parts = urlsplit(text.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("wants a URL such as https://fhir.example.org")
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("wants scheme, host and port, and nothing after them")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _database(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("wants a URL that begins with postgresql://")
    return text


def _targets(text: str) -> tuple[str, ...]:
    """Exact host:port pairs; a host without a port would open more than was thought of."""
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for target in found:
        host, _, port = target.rpartition(":")
        if not host or not port.isdecimal() or set("/@*") & set(target):
            raise ValueError("wants host:port, more of them separated by commas")
    return found


def _smtp(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("smtps", "smtp", "smtp+plain") or not parts.hostname:
        raise ValueError("wants a URL such as smtps://user:password@mail.example.org")
    if parts.scheme == "smtp+plain" and not _is_loopback(parts.hostname):
        raise ValueError("is without TLS on loopback only; smtps:// and smtp:// speak TLS")
    return text


def _mailbox(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>,]+@[^\s@<>,]+", text):
        raise ValueError("wants an e-mail address")
    return text


def _files(text: str) -> str:
    """A folder by its whole path, or a bucket."""
    if text.startswith("s3://"):
        if not urlsplit(text).netloc:
            raise ValueError("wants s3://bucket/prefix or a folder")
        return text
    return str(_path(text))


def _validation(text: str) -> str:
    if text not in ("off", "report", "refuse"):
        raise ValueError("is off, report or refuse")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this process runs. `Settings.read` is where text becomes values; inside, they are trusted."""

    data: Path = _setting(
        _path, "The data folder: embedded database, keys, files. Without it: the platform's folder for a user's data."
    )
    database_url: str | None = _setting(
        _database,
        "A PostgreSQL of your own (15 or later) instead of the embedded one, as a URL. It may hold a password: set it "
        "in the environment rather than on a command line.",
        None,
        secret=True,
    )
    environment: str = _setting(
        _environment,
        "`production` or `preview`. Preview answers to loopback names, mints patient tokens for trial, and may fetch "
        "from `fetch_allow`; `careweft demo` is preview.",
        PRODUCTION,
    )
    base_url: str | None = _setting(
        _origin,
        "What every link, issuer and audience begins with, such as https://fhir.example.org. Needed where the host is "
        "not loopback; without it: http://localhost and the port. In production plain http is for loopback only.",
        None,
    )
    host: str = _setting(_text, "The address to listen on.", "127.0.0.1")
    port: int = _setting(_whole(1, 65535), "The port to listen on.", 8080)
    workers: int = _setting(_whole(1, 512), "Web processes. Without it: one for each core.")
    trusted_proxies: int = _setting(
        _whole(0, 16),
        "How many proxies of yours stand in front: so many entries of X-Forwarded-For, from the right, are believed.",
        0,
    )
    tls_cert: Path | None = _setting(_path, "Certificate chain (PEM), to speak TLS without a proxy.", None)
    tls_key: Path | None = _setting(_path, "The certificate's private key (PEM).", None)
    master_key_file: Path | None = _setting(
        _path,
        "The file with the key that seals all other keys. Without it: master.key in the data folder, made at the first "
        "start. Keep a copy apart from the database's backups.",
        None,
    )
    attachment_bytes: int = _setting(
        _whole(1024, 45 * 1024 * 1024),
        "The largest document that an application may file, in bytes, as a Binary or within a record.",
        16 * 1024 * 1024,
    )
    auth_rate: int = _setting(
        _whole(0, 1_000_000),
        "How often, in five minutes, one address may ask each endpoint of the authorization server (authorize, par, "
        "token, introspect, revoke, userinfo, launch), over all processes; an application five times as often in all. "
        "Who asks more often is answered with 429 and Retry-After. 0 is no limit.",
        3000,
    )
    statement_timeout: float = _setting(_seconds, "Seconds after which a query of a request is ended.", 10.0)
    fetch_allow: tuple[str, ...] = _setting(
        _targets,
        "Preview only: exact host:port targets that may be fetched over plain http or on private addresses (key sets, "
        "upstream systems), separated by commas. Production refuses to start with it.",
        (),
    )
    load_validation: Literal["off", "report", "refuse"] = _setting(
        _validation,
        "What a load, by command or over HTTP, does with records that break FHIR R4 or the profiles that they claim: "
        "`off` nothing, `report` tells how many and why, `refuse` keeps them out.",
        "off",
    )
    smtp_url: str | None = _setting(
        _smtp,
        "The mail server that takes our letters (password resets, invitations): `smtps://user:password@host:465`, or "
        "`smtp://...:587` with STARTTLS. `smtp+plain://` speaks without TLS and is for loopback only. Without it "
        "preview shows letters on a page, and production refuses what needs one. It may hold a "
        "password: set it in the environment.",
        None,
        secret=True,
    )
    mail_from: str | None = _setting(
        _mailbox, "The sender of our letters, such as records@clinic.example.org. Needed with `smtp_url`.", None
    )
    export_files: str | None = _setting(
        _files,
        "Where exports keep their files: a folder, or `s3://bucket/prefix`. Without it: `exports` in the data folder. "
        "Every web and job process has to reach it.",
        None,
    )
    s3_endpoint: str | None = _setting(
        _origin, "The endpoint of a store that speaks as S3 does; without it Amazon's own.", None
    )
    s3_region: str | None = _setting(_text, "The region of the bucket. Without it: us-east-1.", None)
    s3_key_id: str | None = _setting(
        _text, "The access key for the bucket. Without it the machine's own role is asked for.", None, secret=True
    )
    s3_secret: str | None = _setting(_text, "Its secret.", None, secret=True)
    export_file_bytes: int = _setting(
        _whole(64 * 1024, 1 << 40), "The largest file of an export, in bytes of NDJSON.", 256 * 1024 * 1024
    )
    export_days: int = _setting(_whole(1, 3650), "Days for which the files of an export are kept.", 7)
    export_days_most: int = _setting(
        _whole(1, 3650), "Days for which a client may have them kept, by asking for it.", 30
    )
    exports_at_once: int = _setting(
        _whole(1, 1000), "Exports that one tenant may have at work; each client has one about the same records.", 2
    )
    export_tenant_bytes: int = _setting(
        _whole(1024 * 1024, 1 << 60), "Bytes that the exports of one tenant may store.", 100 * 1024**3
    )
    pg_bin: Path | None = _setting(
        _path,
        "The folder with PostgreSQL's initdb and postgres for the embedded database. Without it: that of pg_config, "
        "else Debian's newest, else the ones that came with careweft.",
        None,
    )

    @classmethod
    def read(cls, environ: Mapping[str, str], **overrides: Any) -> "Settings":
        """The settings of `environ` (empty text is none), under what the command line said; raises ConfigError."""
        _known(environ)
        found: dict[str, Any] = {}
        for entry in fields(cls):
            given = overrides.pop(entry.name, None)
            text = str(given) if given is not None else environ.get(variable(entry.name), "")
            if isinstance(given, tuple):
                text = ",".join(given)
            if text:
                found[entry.name] = _read(entry, text)
        if overrides:
            raise TypeError(f"no such setting: {', '.join(overrides)}")
        return _consistent(cls(**{"data": default_data(environ), "workers": _cores(), **found}))

    @property
    def preview(self) -> bool:
        """Whether this is a place to try things: sample people, trial tokens."""
        return self.environment == PREVIEW

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach what we listen on."""
        return _is_loopback(self.host)

    @property
    def mails(self) -> bool:
        """Whether letters reach anybody: by a mail server, or in preview by the page that shows them."""
        return self.smtp_url is not None or self.preview

    @property
    def public_url(self) -> str:
        """`base_url`, or what it is on one's own machine."""
        return self.base_url or f"{'https' if self.tls_cert else 'http'}://localhost:{self.port}"

    @property
    def master_key(self) -> Path:
        """Where the master key is."""
        return self.master_key_file or self.data / "master.key"

    def with_database(self, url: str) -> "Settings":
        """The same with the database at `url`."""
        return replace(self, database_url=url)


def read(**overrides: Any) -> Settings:
    """The settings of this process; called once, by whoever starts it."""
    return Settings.read(os.environ, **overrides)


def hand_down(settings: Settings) -> None:
    """Put the settings into the environment, for the web and job processes that this one starts."""
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if value in (None, ()):
            os.environ.pop(variable(entry.name), None)
        else:
            os.environ[variable(entry.name)] = ",".join(value) if isinstance(value, tuple) else str(value)


def variable(name: str) -> str:
    """The environment variable of a field.

    >>> variable("base_url")
    'CAREWEFT_BASE_URL'
    """
    return PREFIX + name.upper()


def reference() -> Iterator[tuple[str, str, str]]:
    """For each setting its variable, its default as text (empty where there is none), and what it says."""
    for entry in fields(Settings):
        shown = entry.default not in (MISSING, None, ())
        yield variable(entry.name), str(entry.default) if shown else "", entry.metadata["says"]


def default_data(environ: Mapping[str, str]) -> Path:
    """Where a user's data goes by the platform's convention; /var/lib/careweft for root."""
    if os.geteuid() == 0:
        return Path("/var/lib/careweft")
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "careweft"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "careweft"


def _read(entry: "Field[Any]", text: str) -> Any:
    try:
        return entry.metadata["read"](text)
    except ValueError as why:
        came = "" if entry.metadata["secret"] else f", not {text!r}"
        raise ConfigError(f"{variable(entry.name)} {why}{came}") from None


def _consistent(settings: Settings) -> Settings:
    """What only several settings together can get wrong."""
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigError("CAREWEFT_TLS_CERT and CAREWEFT_TLS_KEY are set both or neither")
    if settings.smtp_url and not settings.mail_from:
        raise ConfigError("CAREWEFT_SMTP_URL wants CAREWEFT_MAIL_FROM beside it")
    if settings.fetch_allow and not settings.preview:
        raise ConfigError("CAREWEFT_FETCH_ALLOW is for CAREWEFT_ENVIRONMENT=preview only: production fetches https")
    plain = urlsplit(settings.base_url) if settings.base_url else None
    if not settings.preview and plain and plain.scheme == "http" and not _is_loopback(plain.hostname or ""):
        raise ConfigError("CAREWEFT_BASE_URL wants https in production: tokens and records travel under it")
    return settings


def _known(environ: Mapping[str, str]) -> None:
    """A mistyped name must not leave its setting at the default in silence."""
    names = {variable(entry.name) for entry in fields(Settings)}
    for name in environ:
        if name.startswith(PREFIX) and name not in names | OF_THE_TESTS:
            near = difflib.get_close_matches(name, names, 1)
            raise ConfigError(f"{name} is not a setting{f'; {near[0]} is' if near else ''}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
