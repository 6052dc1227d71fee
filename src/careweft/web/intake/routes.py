"""The one row of the intake."""

from collections.abc import Iterator

from ...surfaces import INTAKE
from ..route import Feeding, Route
from ..site import Site
from . import take


def rows(site: Site) -> Iterator[Route]:
    """`POST /intake/v1/{tenant}`."""
    yield Route(("POST",), INTAKE.base, Feeding(INTAKE), take.handler(site), "intake", "intake", INTAKE.id)
