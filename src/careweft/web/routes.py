"""THE route table: every path this server answers, with its policy. What is not here does not exist (GEN-03)."""

from collections.abc import Iterator

from . import statics
from .brand import routes as brand
from .fhir import routes as fhir
from .intake import routes as intake
from .oauth import routes as oauth
from .ops import routes as ops
from .route import Route
from .site import Site
from .telemetry import Telemetry


def table(site: Site, telemetry: Telemetry) -> Iterator[Route]:
    """Every row."""
    yield from fhir.rows(site)
    yield from oauth.rows(site)
    yield from intake.rows(site)
    yield from brand.rows(site)
    yield from ops.rows(site, telemetry)
    yield from statics.rows()
