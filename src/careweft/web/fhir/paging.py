"""Following a paging link: `_page` stands alone, and only how the answer is written may stand beside it."""

from ...fhir.outcomes import BadPage
from ...fhir.search.parse import FORMS
from ..exchange import Request
from ..forms import Pairs
from .links import Held, Sealer

PAGE = "_page"


def continued(sealer: Sealer, where: str, request: Request, given: Pairs) -> Held | None:
    """What the paging link holds, None where none is followed. BadPage where it stands beside other parameters."""
    pages = [value for name, value in given if name == PAGE]
    if not pages:
        return None
    if len(pages) > 1 or any(name != PAGE and name not in FORMS for name, _ in given):
        raise BadPage("A paging link is followed as it is: _page takes no other parameters beside it.")
    return sealer.open(where, request.known_caller, pages[0])
