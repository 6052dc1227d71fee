"""`/pictures/{id}`: logos that were taken in and made anew, for everybody and inert (WEB-02)."""

from ...fhir.outcomes import NotFound
from ...ports.pictures import Pictures
from ..exchange import Reply, Request
from ..replies import SANDBOX
from ..route import Handler

KEPT = b"public, max-age=86400"
INERT = (
    (b"content-type", b"image/png"),
    SANDBOX,
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"content-disposition", b'inline; filename="logo.png"'),
)


def picture(pictures: Pictures) -> Handler:
    """The handler."""

    async def answer(request: Request) -> Reply:
        body = await pictures.find(request.args["id"])
        if body is None:
            raise NotFound("There is no such picture.")
        return Reply(200, list(INERT), body, kept=KEPT)

    return answer


def sheet() -> Handler:
    """The handler of `/brand/{tenant}/look.css`: the highlight of a tenant's pages, by day; the rest stays readable."""

    async def answer(request: Request) -> Reply:
        colour = request.known_tenant.look.highlight
        text = f":root{{--act:{colour};--act-over:{colour}}}" if colour else ""
        text = f"@media (prefers-color-scheme: light){{{text}}}\n"
        headers = [(b"content-type", b"text/css; charset=utf-8"), (b"cross-origin-resource-policy", b"same-origin")]
        return Reply(200, headers, text.encode(), kept=b"public, max-age=60")

    return answer
