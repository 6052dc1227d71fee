"""Signing in to one's own account."""

from ..exchange import Reply, Request
from ..signing import Doorway
from .room import ROLES, base, menu

SAID = {"done=signed-out": "signin.signed_out", "done=reset": "reset.done"}
FORM = "sign-in"


async def doorway(request: Request) -> Doorway | Reply:
    """The sign-in page of the account, and the page that was wanted."""
    query = request.query.decode("latin-1")
    wanted = query.removeprefix("then=account-") if query.startswith("then=account-") else ""
    pages = {one for role in ROLES for one in menu(role)}
    onward = f"{base(request)}/{wanted if wanted in pages else 'home'}"
    return Doorway(
        f"{base(request)}/sign-in", onward, FORM, query=query if wanted in pages else "", done=SAID.get(query)
    )
