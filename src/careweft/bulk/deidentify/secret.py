"""What is made up for one export, of one key: pseudonyms, and by how many days each patient's dates are moved.

The key is made when the export is ordered and destroyed with its files, so that neither can be told from the records,
nor two exports be laid on top of one another: 45 CFR 164.514(c).
"""

import hashlib
import hmac
from dataclasses import field

from ...values import dataclass

DAYS = 365


@dataclass(frozen=True, slots=True)
class Secret:
    """The key of one export, of 32 bytes."""

    key: bytes = field(repr=False)

    def pseudonym(self, place: str) -> str:
        """Instead of an id; `place` is `Type/id`, within a record `Type/id#id`."""
        return self._said("id", place).hex()[:32]

    def days(self, patient: str) -> int:
        """So many days earlier everything of this patient happened: 1 to 365."""
        return 1 + int.from_bytes(self._said("days", patient)[:8], "big") % DAYS

    def _said(self, use: str, text: str) -> bytes:
        return hmac.digest(self.key, f"{use} {text}".encode(), hashlib.sha256)
