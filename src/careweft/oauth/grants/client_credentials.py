"""Client credentials as SMART Backend Services uses them:
https://hl7.org/fhir/smart-app-launch/STU2/backend-services.html
"""

from ... import surfaces
from ...values import dataclass
from ..errors import InvalidRequest, InvalidScope, UnauthorizedClient
from ..scope import granted, spoken
from . import Authorization, Given


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What of the requested scopes the client was registered for, on the system API of its side; never a refresh
    token.
    """

    name: str = "client_credentials"
    public: bool = False

    async def redeem(self, given: Given) -> Authorization:
        """The authorization of a backend service. Raises UnauthorizedClient, InvalidRequest, InvalidScope."""
        request, client = given.request, given.client
        if client.type != "system":
            raise UnauthorizedClient("client_credentials is for applications of type system")
        if request.scope is None:
            raise InvalidRequest("scope is required")
        if not client.approved:
            raise InvalidScope("Application not authorized for this tenant")
        surface, words = surfaces.find(client.access, "system"), spoken(request.scope, client.scopes)
        alone = words and words == tuple(request.scope.split())  # launch/create needs no right to records
        scopes = () if alone else granted(request.scope, client.scopes, surface)
        return Authorization(client, surface, scopes, words=words)


CLIENT_CREDENTIALS = ClientCredentials()
