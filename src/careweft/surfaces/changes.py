"""What changed about the APIs, as developers read it. A change of the tables without a row here fails a test."""

import hashlib
from collections.abc import Iterable
from datetime import date

from ..values import dataclass
from .model import Surface


@dataclass(frozen=True, slots=True)
class Change:
    """One thing, the latest first; `breaks`: a client may have to change; `apis` are ids, empty: all."""

    day: date
    text: str
    apis: tuple[str, ...] = ()
    breaks: bool = False


OFFERS = "ccfa64766c7ff87f"
"""The digest of what is offered today: whoever changes that writes a row below and the new digest here."""
CHANGES = (
    Change(date(2026, 11, 27), "Who asks too often gets 429 with Retry-After."),
    Change(
        date(2026, 11, 27),
        "Exports of a Group, of all patients or of everything, by Bulk Data 2.0.0, with _since, _type, _typeFilter and"
        " patient.",
        ("careweft-provider-system-access-server", "careweft-payer-system-access-server"),
    ),
    Change(
        date(2026, 11, 27),
        "DocumentReference, DiagnosticReport and Binary can be created, and the first two updated.",
        ("careweft-provider-patient-access-server", "careweft-provider-system-access-server"),
    ),
    Change(date(2026, 11, 27), "Chains over up to three references, _has, :iterate, composites, _sort by three keys."),
    Change(
        date(2026, 11, 27), "The four v2 APIs: read, version read, history, search, $everything, $docref, $validate."
    ),
)


def digest(surfaces: Iterable[Surface]) -> str:
    """Of everything that these APIs offer."""
    said = [
        (one.id, one.base, offer.type, sorted(offer.can), offer.params, offer.includes, offer.revincludes,
         offer.operations)
        for one in surfaces for offer in one.offers
    ]  # fmt: skip
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
