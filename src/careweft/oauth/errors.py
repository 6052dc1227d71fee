"""Refusals in OAuth's own words: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

OAuthError
├── InvalidRequest           400 invalid_request          a parameter is missing, repeated or malformed
├── InvalidClient            401 invalid_client           the client did not prove who it is
├── UnauthorizedClient       400 unauthorized_client      this client may not use this grant
├── InvalidScope             400 invalid_scope            nothing of what was asked for can be granted
├── UnsupportedGrantType     400 unsupported_grant_type   a grant that this server does not know
└── TemporarilyUnavailable   503 temporarily_unavailable  try again after `retry_after` seconds

The class docstring is the default description, `str(error)` the description in full. `reason` is what the audit entry
says where the answer may not (OAUTH-10); `entry` is that audit entry, which the door makes durable before it answers.
"""

from typing import ClassVar

from ..ports.journal import Entry

REALM = 'Basic realm="careweft"'


class OAuthError(Exception):
    """The token request was refused."""

    error: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400
    retry_after: ClassVar[int | None] = None

    def __init__(self, description: str = "", reason: str = "") -> None:
        super().__init__(description)
        self.reason = reason
        self.entry: Entry | None = None

    @property
    def description(self) -> str:
        """What went wrong, for a person: the text given, else the class's own sentence."""
        return str(self) or (type(self).__doc__ or "").splitlines()[0]

    def body(self) -> dict[str, str]:
        """The JSON object of the answer."""
        return {"error": self.error, "error_description": self.description}

    def headers(self) -> dict[str, str]:
        """What goes out with it: always uncacheable (OAUTH-09)."""
        found = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        if self.status == 401:
            found["WWW-Authenticate"] = REALM
        if self.retry_after is not None:
            found["Retry-After"] = str(self.retry_after)
        return found


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed."""


class InvalidClient(OAuthError):
    """Client authentication failed."""

    error = "invalid_client"
    status = 401


class UnauthorizedClient(OAuthError):
    """This client may not use this grant."""

    error = "unauthorized_client"


class InvalidScope(OAuthError):
    """Invalid scope."""

    error = "invalid_scope"


class UnsupportedGrantType(OAuthError):
    """This server does not know that grant_type."""

    error = "unsupported_grant_type"


class TemporarilyUnavailable(OAuthError):
    """The authorization server is for the moment unavailable."""

    error = "temporarily_unavailable"
    status = 503
    retry_after = 5
