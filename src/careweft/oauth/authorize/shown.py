"""The checks whose refusal is shown to the person and never redirected (OAUTH-01, OAUTH-03).

Until client and address are known to belong together nobody can say where a redirect would lead.
"""

from ...ports.clients import Client
from .address import redirects
from .asked import Asked
from .refusals import ShownRefusal


def known_client(asked: Asked, client: Client | None) -> Client:
    """The application that asks, registered in this tenant and switched on."""
    if "client_id" in asked.repeated or asked.one("client_id") is None:
        raise ShownRefusal("The link names no application.", "client_id is missing or repeated")
    if client is None or not client.enabled:
        raise ShownRefusal("This application is not registered here, or it was switched off.", "unknown client_id")
    return client


def registered_redirect(asked: Asked, client: Client) -> str:
    """The address to go back to, letter by letter one of those registered; loopback ports of native ones excepted."""
    uri = asked.one("redirect_uri")
    if uri is None:
        raise ShownRefusal("The link does not say where to return to.", "redirect_uri is missing or repeated")
    if not any(redirects(one, uri, client.platform) for one in client.redirect_uris):
        raise ShownRefusal(
            "The link wants to return to an address that this application did not register.",
            "unregistered redirect_uri",
        )
    return uri
