"""The file of an agreement, as somebody sends it: told by its digest, kept as it came, handed back and never opened."""

import hashlib
import re
from dataclasses import field

from ..values import dataclass
from .refusal import RegistrationRefused

MOST_BYTES = 2 * 1024 * 1024
ENDINGS = {"application/pdf": "pdf", "text/plain; charset=utf-8": "txt"}
PDF, TEXT = ENDINGS
"""What is taken, by its media type: a PDF by how it begins, else text, of which Markdown is some."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class PaperRefused(RegistrationRefused):
    """This file is no agreement."""

    field = "paper"


@dataclass(frozen=True, slots=True)
class Paper:
    """A file, named by the SHA-256 of its content."""

    digest: str
    kind: str
    body: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """Under which it is handed back; what it was called by who sent it is not kept."""
        return f"agreement-{self.digest[:12]}.{ENDINGS[self.kind]}"


def paper(sent: bytes) -> Paper:
    """What was sent, as it is kept. Raises PaperRefused.

    >>> paper(b"# Terms").kind, paper(b"%PDF-1.7 ...").name
    ('text/plain; charset=utf-8', 'agreement-cd98c5bce101.pdf')
    """
    if not sent:
        raise PaperRefused("this file is empty")
    if len(sent) > MOST_BYTES:
        raise PaperRefused(f"an agreement wants at most {MOST_BYTES // 1024 // 1024} MB")
    return Paper(hashlib.sha256(sent).hexdigest(), PDF if sent.startswith(b"%PDF-") else text(sent), sent)


def text(sent: bytes) -> str:
    """The media type of text. Raises PaperRefused for what is none."""
    try:
        found = sent.decode("utf-8")
    except UnicodeDecodeError:
        raise PaperRefused("an agreement wants to be a PDF, or text in UTF-8") from None
    if _CONTROL.search(found):
        raise PaperRefused("an agreement wants to be a PDF, or text in UTF-8")
    return TEXT
