"""Refusals in OAuth's own words: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

OAuthError
├── InvalidRequest           400 invalid_request          a parameter is missing, repeated or malformed
├── InvalidClient            401 invalid_client           the client did not prove who it is
├── UnauthorizedClient       400 unauthorized_client      this client may not use this grant
├── InvalidScope             400 invalid_scope            nothing of what was asked for can be granted
├── InvalidGrant             400 invalid_grant            the code or refresh token does not hold, or not here
├── UnsupportedGrantType     400 unsupported_grant_type   a grant that this server does not know
├── UnsupportedResponseType  400 unsupported_response_type  the authorization endpoint gives codes only
├── RequestNotSupported      400 request_not_supported    the parameter `request` is not taken
├── InvalidRequestUri        400 invalid_request_uri      no pushed request of this client has that name
├── AccessDenied             403 access_denied            no from the person, or from there no calls are allowed
├── LoginRequired            400 login_required           prompt=none, and nobody is signed in
├── ConsentRequired          400 consent_required         prompt=none, and the person was not asked yet
├── InteractionRequired      400 interaction_required     prompt=none, and the person has to choose
├── InvalidToken             401 invalid_token            the access token does not hold
│   └── MissingToken         401 invalid_token            none was shown
├── InsufficientScope        403 insufficient_scope       the access token is not for this
├── ServerError              500 server_error             it is our fault
└── TemporarilyUnavailable   503 temporarily_unavailable  try again after `retry_after` seconds

The class docstring is the default description, `str(error)` the description in full. `reason` is what the audit entry
says where the answer may not (OAUTH-10); `entry` is that audit entry, which the door makes durable before it answers.
"""

from typing import ClassVar

from ..ports.journal import Entry

REALM = 'Basic realm="careweft"'
BEARER = 'Bearer realm="careweft"'


class OAuthError(Exception):
    """The token request was refused."""

    error: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400
    retry_after: ClassVar[int | None] = None
    challenge: ClassVar[str | None] = None
    """What WWW-Authenticate says with it."""

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
        if self.challenge:
            found["WWW-Authenticate"] = self.challenge
        if self.retry_after is not None:
            found["Retry-After"] = str(self.retry_after)
        return found


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated or malformed."""


class InvalidClient(OAuthError):
    """Client authentication failed."""

    error = "invalid_client"
    status = 401
    challenge = REALM


class UnauthorizedClient(OAuthError):
    """This client may not use this grant."""

    error = "unauthorized_client"


class InvalidScope(OAuthError):
    """Invalid scope."""

    error = "invalid_scope"


class InvalidGrant(OAuthError):
    """The code or refresh token is unknown, used, expired, or was not issued for this."""

    error = "invalid_grant"


class UnsupportedResponseType(OAuthError):
    """response_type has to be code."""

    error = "unsupported_response_type"


class RequestNotSupported(OAuthError):
    """The parameter `request` is not taken; push the request instead."""

    error = "request_not_supported"


class InvalidRequestUri(OAuthError):
    """This request_uri is unknown, used, expired, or another application's."""

    error = "invalid_request_uri"


class AccessDenied(OAuthError):
    """The person said no, or may not give what was asked for."""

    error = "access_denied"
    status = 403


class LoginRequired(OAuthError):
    """Nobody is signed in, or not recently enough, and prompt=none forbids to ask."""

    error = "login_required"


class ConsentRequired(OAuthError):
    """The person was not asked for exactly this before, and prompt=none forbids to ask."""

    error = "consent_required"


class InteractionRequired(OAuthError):
    """The person has to choose a patient, and prompt=none forbids to ask."""

    error = "interaction_required"


class InvalidToken(OAuthError):
    """The access token is unknown, expired or revoked, or not for this."""

    error = "invalid_token"
    status = 401
    challenge = f'{BEARER}, error="invalid_token"'


class MissingToken(InvalidToken):
    """An access token is wanted: Authorization: Bearer."""

    challenge = BEARER  # RFC 6750 section 3.1: no error code for who showed nothing


class InsufficientScope(OAuthError):
    """The access token does not carry the scope that this wants."""

    error = "insufficient_scope"
    status = 403
    challenge = f'{BEARER}, error="insufficient_scope"'


class ServerError(OAuthError):
    """Unexpected error."""

    error = "server_error"
    status = 500


class UnsupportedGrantType(OAuthError):
    """This server does not know that grant_type."""

    error = "unsupported_grant_type"


class TemporarilyUnavailable(OAuthError):
    """The authorization server is for the moment unavailable."""

    error = "temporarily_unavailable"
    status = 503
    retry_after = 5
