"""The headers that say on what condition, and how, a write is wanted: https://hl7.org/fhir/R4/http.html#concurrency"""

import re
from typing import Literal

from ...fhir.outcomes import BadValue
from ...fhir.search.parse import COMMON
from .. import forms
from ..exchange import Request
from ..forms import Pairs

IF_MATCH = b"if-match"
IF_NONE_EXIST = b"if-none-exist"
Return = Literal["minimal", "representation", "OperationOutcome"]
RETURNS: tuple[Return, ...] = ("minimal", "representation", "OperationOutcome")
_TAG = re.compile(rb'(?:W/)?"([1-9][0-9]{0,8})"')
_RETURN = re.compile(rb'(?:^|[,;])\s*return\s*=\s*"?([A-Za-z]+)"?\s*(?=[,;]|$)')


def expected(request: Request) -> int:
    """The version that If-Match names; an update without it could undo what somebody else wrote. BadValue."""
    given = request.headers.get(IF_MATCH)
    if given is None:
        raise BadValue('An update wants If-Match with the ETag of the version that it replaces, such as W/"3".')
    tag = _TAG.fullmatch(given.strip())
    if tag is None:
        raise BadValue('If-Match wants one ETag of this server, such as W/"3".')
    return int(tag[1])


def criteria(request: Request) -> Pairs | None:
    """The search of If-None-Exist, None where there is none. BadValue for one that would find everything, or that
    asks for more than whether something is there.
    """
    given = request.headers.get(IF_NONE_EXIST)
    if given is None:
        return None
    pairs = forms.pairs(given.strip().removeprefix(b"?"))
    if not pairs:
        raise BadValue("If-None-Exist wants a search, such as identifier=http://example.org|7.")
    for name, _ in pairs:
        if name[:1] == "_" and name.partition(":")[0] not in (*COMMON, "_has"):
            raise BadValue("If-None-Exist wants parameters that find records, and none about the result.")
    return pairs


def returned(request: Request) -> Return:
    """What the reply is to show, as Prefer says (RFC 7240 4.2); the resource where nothing is said."""
    found = _RETURN.search(request.headers.get(b"prefer", b""))
    wanted = found[1].decode("ascii") if found else ""
    return next((one for one in RETURNS if one.lower() == wanted.lower()), "representation")
