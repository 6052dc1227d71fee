"""`.well-known/smart-configuration`, as JSON whatever Accept says (SMART-01):
https://hl7.org/fhir/smart-app-launch/STU2/conformance.html
"""

from ...oauth.discovery import Discovery
from ...surfaces.model import Surface
from .. import replies
from ..exchange import Reply, Request
from ..route import Handler
from ..site import Site

KEPT = b"public, max-age=300"


def handler(site: Site, surface: Surface) -> Handler:
    """The handler of `GET [base]/.well-known/smart-configuration`."""
    discovery = Discovery(site.base_url)

    async def smart_configuration(request: Request) -> Reply:
        return replies.as_json(200, discovery.smart_configuration(surface, request.known_tenant), kept=KEPT)

    return smart_configuration
