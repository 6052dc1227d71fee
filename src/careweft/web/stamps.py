"""The hidden field of every form: it says which form of whose session it is, and when it was shown (OATK-10, OATK-11).

Signed with a key of this installation, so that nothing has to be kept: a form of another session, another form of the
same session, or one about another request does not pass. SameSite cookies and the Origin check stand beside it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ..ports.clock import Clock
from ..values import dataclass
from .pages import PageRefusal

LONGEST = timedelta(hours=12)
CLICK = timedelta(milliseconds=500)
"""Nobody reads what they agree to in less: a click that comes sooner was meant for something else (OATK-11)."""


class StrangeForm(PageRefusal):
    """This form was not made for this session, or it is too old."""

    status = 403
    code = "forbidden"
    words = "form"


@dataclass(frozen=True, slots=True)
class Stamps:
    """Makes and reads stamps."""

    key: bytes = field(repr=False)
    clock: Clock

    def make(self, holder: str, form: str) -> str:
        """The stamp of a form, shown now to the holder of a session."""
        at = int(self.clock().timestamp() * 1000).to_bytes(8, "big")
        return urlsafe_b64encode(at + self._mac(at, holder, form)).decode("ascii").rstrip("=")

    def shown(self, stamp: str, holder: str, form: str) -> timedelta:
        """How long ago this form was shown. StrangeForm where it is not this holder's, not this form, or too old."""
        try:
            raw = urlsafe_b64decode(stamp + "=" * (-len(stamp) % 4))
        except (Error, ValueError):
            raise StrangeForm from None
        at, mac = raw[:8], raw[8:]
        if not holder or not hmac.compare_digest(mac, self._mac(at, holder, form)):
            raise StrangeForm
        age = self.clock() - datetime.fromtimestamp(int.from_bytes(at, "big") / 1000, UTC)
        if age > LONGEST:
            raise StrangeForm
        return age

    def _mac(self, at: bytes, holder: str, form: str) -> bytes:
        said = b"\0".join((at, holder.encode(), form.encode()))
        return hmac.digest(self.key, said, sha256)
