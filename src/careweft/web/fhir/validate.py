"""$validate: is this a resource that could be kept? https://hl7.org/fhir/R4/resource-operation-validate.html

The answer is 200 with an OperationOutcome, whatever was found; what is asked wrongly is 400. Nothing is kept.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from ...fhir import json
from ...fhir.definitions import RESOURCES
from ...fhir.outcomes import BadValue, UnknownParameter, issue, outcome
from ...fhir.search.parse import FORMS
from ...fhir.validate.known import kept, validator
from ...intake.filing import checks
from ...intake.filing.issues import NotAccepted
from ...values import dataclass
from .. import forms, negotiate, replies
from ..exchange import Reply, Request
from ..forms import Pairs
from ..guard import BadAuthorization
from ..route import Handler, Right
from ..site import Site
from . import incoming, versions

Resource = dict[str, Any]
Issue = dict[str, Any]
KNOWN = ("mode", "profile")
MODES = ("create", "update", "delete", "profile")
"""https://hl7.org/fhir/R4/valueset-resource-validation-mode.html"""
LARGEST = 64 * 1024 * 1024
MOST_PROFILES = 8
WELL = issue("information", "informational", "Nothing is wrong with it.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: for which interaction, by which profiles, and of what, where that was sent."""

    mode: str
    profiles: tuple[str, ...]
    resource: Resource | None = None

    @classmethod
    def read(cls, pairs: Pairs, resource: Resource | None) -> "Asked":
        """From parameters. Raises BadValue, UnknownParameter."""
        found: dict[str, list[str]] = {name: [] for name in KNOWN}
        for name, value in pairs:
            if name == "access_token":
                raise BadAuthorization("An access token belongs in the Authorization header and nowhere else.")
            if name not in found:
                raise UnknownParameter(f"$validate takes {', '.join(KNOWN)}, not '{versions.printable(name)}'.")
            found[name].append(value)
        modes, profiles = found["mode"], found["profile"]
        if len(modes) > 1 or any(one not in MODES for one in modes):
            raise BadValue(f"mode wants one of {', '.join(MODES)}.")
        if len(profiles) > MOST_PROFILES:
            raise BadValue(f"At most {MOST_PROFILES} profiles can be asked for at once.")
        if modes == ["profile"] and not profiles:
            raise BadValue("mode=profile wants a profile.")
        return cls(modes[0] if modes else "", tuple(profiles), resource)


def handler(site: Site, right: Right) -> Handler:
    """The handler of `POST [base]/[type]/$validate`."""

    async def validate(request: Request) -> Reply:
        form, pairs = formed(request, right)
        asked = await sent(request, right, pairs, site.attachment)
        if asked.mode == "delete":
            raise BadValue("mode=delete is asked of a resource that is there: [type]/[id]/$validate.")
        if asked.resource is None:
            raise BadValue("The body wants a resource, or Parameters with one.")
        found = [*offered(right, asked.mode), *wrong(site, right, asked, asked.resource, None)]
        return told(found, form)

    return validate


def of_one(site: Site, right: Right) -> Handler:
    """The handler of `GET` and `POST [base]/[type]/[id]/$validate`: of what is there, or what would take its place."""

    async def validate(request: Request) -> Reply:
        form, pairs = formed(request, right)
        if request.method == "POST":
            asked = await sent(request, right, pairs, site.attachment)
        else:
            asked = Asked.read(pairs, None)
        records, id_ = site.records(request.known_tenant), request.args["id"]
        version = versions.present(await records.read(right.type, id_, request.known_reach), request)
        stands = json.decode(version.body or b"{}", LARGEST)
        if asked.mode == "delete":
            return told([*offered(right, "delete")], form)
        found = list(offered(right, asked.mode))
        if asked.resource is not None and asked.resource.get("id") != id_:
            found.append(issue("error", "value", "wants the id of the path") | {"expression": [f"{right.type}.id"]})
        resource = stands if asked.resource is None else asked.resource
        return told([*found, *wrong(site, right, asked, resource, stands)], form)

    return validate


def formed(request: Request, right: Right) -> tuple[negotiate.Format, Pairs]:
    """The format of the reply, and the other parameters of the query."""
    given = forms.pairs(request.query)
    form = negotiate.chosen(request.headers, right.surface.default_format, given)
    return form, [pair for pair in given if pair[0] not in FORMS]


async def sent(request: Request, right: Right, pairs: Pairs, attachment: int) -> Asked:
    """What a body asks, with the query: a resource, or Parameters that hold it."""
    body = await incoming.resource(request, right, attachment)
    if body.get("resourceType") != "Parameters" or right.type == "Parameters":
        return Asked.read(pairs, body)
    resource, more = unfolded(body)
    request.form = urlencode(more).encode() or None  # what the audit entry tells was asked
    return Asked.read([*pairs, *more], resource)


def unfolded(body: Resource) -> tuple[Resource | None, Pairs]:
    """The resource of a Parameters, and its other parameters. Raises BadValue."""
    listed = body.get("parameter", [])
    if not isinstance(listed, list):
        raise BadValue("Parameters wants a list of parameters.")
    resource, pairs = None, []
    for one in listed:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str):
            raise BadValue("Each parameter wants a name.")
        if name == "resource" and isinstance(one.get("resource"), dict) and resource is None:
            resource = one["resource"]
            continue
        values = [value for key, value in one.items() if key[:5] == "value" and isinstance(value, str)]
        if len(values) != 1:
            raise BadValue(f"The parameter {versions.printable(name)} wants one value.")
        pairs.append((name, values[0]))
    return resource, pairs


def offered(right: Right, mode: str) -> Iterator[Issue]:
    """Whether this API takes what `mode` is about at all."""
    if mode in ("create", "update", "delete") and not right.surface.by_type[right.type].does(mode):
        yield issue("error", "not-supported", f"This API takes no {mode} of {right.type}.")


def wrong(site: Site, right: Right, asked: Asked, resource: Resource, stands: Resource | None) -> Iterator[Issue]:
    """What is wrong with the resource: by its type, the profiles asked for and claimed, and as a write by our rules."""
    known = validator()
    if resource.get("resourceType") != right.type:
        yield issue("error", "value", f"This path is about {right.type}; the resourceType says otherwise.")
        named = resource.get("resourceType")
        if not isinstance(named, str) or named not in RESOURCES:
            return
    for url in asked.profiles:
        if known.canonical(url, right.type) is None:
            shown = versions.printable(url.rpartition("/")[2])
            yield issue("error", "not-supported", f"No profile of {right.type} that ends in '{shown}' is known here.")
    looked = kept(resource) if asked.mode in ("create", "update") else resource
    yield from (one.as_json() for one in known.issues(looked, asked.profiles))
    if asked.mode in ("create", "update") and right.surface.by_type[right.type].does(asked.mode):
        try:
            checks.check(resource, site.attachment, stands, lambda _: ())
        except NotAccepted as refusal:
            yield from refusal.issues


def told(found: list[Issue], form: negotiate.Format) -> Reply:
    """The OperationOutcome, each issue once."""
    issues = [one for at, one in enumerate(found) if one not in found[:at]]
    return replies.resource(200, json.encode(outcome(*(issues or [WELL]))), form, [])
