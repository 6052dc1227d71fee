"""The rows of a trial; in production there are none."""

from collections.abc import Iterator

from ...surfaces import find
from ..counter import Counter
from ..exchange import Reply, Request
from ..pages import page
from ..route import Handler, Public, Route
from ..site import Site
from ..trial import Preview
from .samples import ALL, DIARY
from .server import ServerSample
from .simulator import EHR, Simulator
from .start import StartPages


def rows(site: Site, counter: Counter) -> Iterator[Route]:
    """The start page, the mailbox, and what the demonstration registered."""
    preview = site.preview
    if preview is None:
        return
    yield from StartPages(preview, site.tenants, site.base_url).rows()
    if EHR in preview.apps:
        yield from Simulator(preview, site.tenants, site.clients, site.base_url, counter).rows()
    for key, sample in ALL.items():
        if key not in preview.apps:
            continue
        if sample is DIARY:
            shown = diary(preview, site.base_url)
            for path in (sample.home, sample.callback, sample.launch):
                yield Route(("GET",), path, Public(), shown, f"sample-{key}", "", speaks="page")
        else:
            yield from ServerSample(sample, preview, site.base_url, counter).rows()


def diary(preview: Preview, base_url: str) -> Handler:
    """The page of the browser application: everything else is its script."""
    registered = preview.apps[DIARY.key]

    async def answer(request: Request) -> Reply:
        return page(
            request, "diary.html", scripts=["diary.js"], sample=DIARY, client_id=registered.client_id,
            iss=find("provider", "patient").url(base_url, registered.tenant), redirect=f"{base_url}{DIARY.callback}",
            scope=" ".join((*DIARY.words, *DIARY.scopes)),
        )  # fmt: skip

    return answer
