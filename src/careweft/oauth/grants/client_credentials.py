"""Client credentials as SMART Backend Services uses them:
https://hl7.org/fhir/smart-app-launch/STU2/backend-services.html
"""

from ... import surfaces
from ...ports.clients import Client
from ..errors import InvalidRequest, InvalidScope, UnauthorizedClient
from ..request import TokenRequest
from ..scope import granted, sensitive
from . import Authorization, Grant


def redeem(request: TokenRequest, client: Client) -> Authorization:
    """What of the requested scopes the client was registered for, on the system API of its side; never a refresh
    token.
    """
    if client.type != "system":
        raise UnauthorizedClient("client_credentials is for applications of type system")
    if request.scope is None:
        raise InvalidRequest("scope is required")
    if not client.approved:
        raise InvalidScope("Application not authorized for this tenant")
    surface = surfaces.find(client.access, "system")
    scopes, words = granted(request.scope, client.scopes, surface), sensitive(request.scope, client.scopes)
    return Authorization(client, surface, scopes, words=words)


CLIENT_CREDENTIALS = Grant("client_credentials", redeem)
