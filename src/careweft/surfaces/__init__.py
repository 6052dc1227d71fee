"""Every API this platform serves. A row here is routed, described, scoped, documented and tested; nothing is written
twice.
"""

from . import intake, issuers, payer, provider, research
from .issuers import Issuer
from .model import INTERACTIONS, Offer, Surface
from .offers import SHARED


def build(shared: tuple[Offer, ...] = SHARED) -> tuple[Surface, ...]:
    """The four v2 APIs, with these offers on each of them."""
    return *provider.surfaces(shared), *payer.surfaces(shared)


ALL: tuple[Surface, ...] = (
    provider.PATIENT_ACCESS,
    provider.SYSTEM_ACCESS,
    payer.PATIENT_ACCESS,
    payer.SYSTEM_ACCESS,
)


OFFERED: frozenset[str] = frozenset(offer.type for surface in ALL for offer in surface.offers)
"""Every resource type that some API shows."""

INTAKE: Surface = intake.surface()
"""What tokens of clients with `access` intake are for; it is no FHIR API and so not in ALL."""


RESEARCH: Surface = research.surface()
"""What tokens of clients with `access` research are for; it only exports, so it is not in ALL either."""


def find(side: str, audience: str) -> Surface:
    """What the tokens of a side (as Surface has them) and audience (patient, system) are for, else KeyError."""
    for one in (*ALL, INTAKE, RESEARCH):
        if (one.side, one.audience) == (side, audience):
            return one
    raise KeyError((side, audience))


def find_by_id(id_: str) -> Surface:
    """The surface of this id, else KeyError."""
    for one in (*ALL, INTAKE):
        if one.id == id_:
            return one
    raise KeyError(id_)


__all__ = [
    "ALL",
    "INTAKE",
    "INTERACTIONS",
    "OFFERED",
    "RESEARCH",
    "SHARED",
    "Issuer",
    "Offer",
    "Surface",
    "build",
    "find",
    "find_by_id",
    "issuers",
]
