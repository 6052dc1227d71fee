"""Refusals in FHIR's own words: https://hl7.org/fhir/R4/operationoutcome.html

FhirRefusal
├── Malformed            400 structure   the body is not the JSON or XML that FHIR wants
├── BadValue             400 value       a parameter's value cannot be read
├── UnknownParameter     400 invalid     a parameter that this API does not offer
├── Exceeding            400 too-costly  a search that asks for too much at once
├── BadPage              400 invalid     a paging link that was altered
├── LoginRequired        401 security    no token, or one that cannot be trusted
├── Forbidden            403 forbidden   a good token that does not reach this far
├── NotFound             404 not-found   nothing there that the caller may see
├── MethodNotAllowed     405 not-supported
├── NotAcceptable        406 not-supported
├── Gone                 410 deleted     it was there, was seen, and is no more
├── PageExpired          410 expired     a paging link older than its hour
├── PreconditionFailed   412 conflict
├── TooLarge             413 too-long    more bytes than are read
├── UnsupportedMedia     415 not-supported
├── Misdirected          421 not-found   a Host that is not this server's
├── Unprocessable        422 invariant   well formed, but not acceptable
├── TooMany              429 throttled
└── Unavailable          503 transient   try again after `retry_after` seconds

The class docstring is the default message, `str(refusal)` the message in full; it goes out as `issue.diagnostics`.
"""

from typing import Any, ClassVar


class FhirRefusal(Exception):
    """The request was refused."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"
    retry_after: int | None = None

    @property
    def message(self) -> str:
        """What went wrong, for a person: the text given, else the class's own sentence."""
        return str(self) or (type(self).__doc__ or "").splitlines()[0]

    def outcome(self) -> dict[str, Any]:
        """This refusal as an OperationOutcome."""
        return outcome(issue("error", self.code, self.message))


class Malformed(FhirRefusal):
    """The body is not the JSON or XML that FHIR wants."""

    code = "structure"


class BadValue(FhirRefusal):
    """A parameter's value cannot be read."""

    code = "value"


class UnknownParameter(FhirRefusal):
    """Invalid search parameter."""


class Exceeding(FhirRefusal):
    """The search asks for more at once than this server takes on."""

    code = "too-costly"


class BadPage(FhirRefusal):
    """This paging link was altered or belongs to another search; start the search again."""


class LoginRequired(FhirRefusal):
    """Invalid or missing authorization token."""

    status = 401
    code = "security"


class Forbidden(FhirRefusal):
    """Insufficient scope for requested resource."""

    status = 403
    code = "forbidden"


class NotFound(FhirRefusal):
    """Resource not found."""

    status = 404
    code = "not-found"


class MethodNotAllowed(FhirRefusal):
    """This path does not take that method."""

    status = 405
    code = "not-supported"


class NotAcceptable(FhirRefusal):
    """None of the formats asked for can be served."""

    status = 406
    code = "not-supported"


class Gone(FhirRefusal):
    """The resource was deleted."""

    status = 410
    code = "deleted"


class PageExpired(FhirRefusal):
    """This paging link is older than an hour; start the search again."""

    status = 410
    code = "expired"


class PreconditionFailed(FhirRefusal):
    """The resource is not at the version that If-Match names."""

    status = 412
    code = "conflict"


class TooLarge(FhirRefusal):
    """The request is larger than this server reads."""

    status = 413
    code = "too-long"


class UnsupportedMedia(FhirRefusal):
    """The body's Content-Type cannot be read here."""

    status = 415
    code = "not-supported"


class Misdirected(FhirRefusal):
    """This server does not answer for that Host."""

    status = 421
    code = "not-found"


class Unprocessable(FhirRefusal):
    """The content is well formed but cannot be accepted."""

    status = 422
    code = "invariant"


class TooMany(FhirRefusal):
    """Rate limit exceeded. Please retry after 60 seconds."""

    status = 429
    code = "throttled"
    retry_after = 60


class Unavailable(FhirRefusal):
    """The service is for the moment unavailable."""

    status = 503
    code = "transient"
    retry_after = 5


def issue(severity: str, code: str, diagnostics: str) -> dict[str, Any]:
    """One `OperationOutcome.issue`."""
    return {"severity": severity, "code": code, "diagnostics": diagnostics}


def outcome(*issues: dict[str, Any]) -> dict[str, Any]:
    """An OperationOutcome of these issues."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}
