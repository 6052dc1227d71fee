"""Sending letters by SMTP, with TLS: https://www.rfc-editor.org/rfc/rfc5321, https://www.rfc-editor.org/rfc/rfc8314"""

import asyncio
import smtplib
import ssl
from dataclasses import field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from ..ports.mail import Letter
from ..values import dataclass

SECONDS = 20.0
PORTS = {"smtps": 465, "smtp": 587}


class MailError(OSError):
    """The letter could not be handed over; the message names no address and nothing of the letter."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server: `smtps` speaks TLS from the first byte, `smtp` by STARTTLS before anything else is said.

    `plain` leaves TLS away: the settings allow that on loopback only.
    """

    host: str
    port: int
    sender: str
    scheme: str = "smtps"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    plain: bool = False
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    @classmethod
    def read(cls, url: str, sender: str) -> "Smtp":
        """The server of a URL such as smtps://user:password@mail.example.org, which the settings have checked."""
        parts = urlsplit(url)
        scheme = parts.scheme.removesuffix("+plain")
        return cls(
            host=parts.hostname or "",
            port=parts.port or PORTS[scheme],
            sender=sender,
            scheme=scheme,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            plain=parts.scheme.endswith("+plain"),
        )

    async def send(self, letter: Letter) -> None:
        """Hand a letter over. Raises MailError."""
        await asyncio.to_thread(self._send, message(letter, self.sender))

    def reach(self) -> None:
        """Connect and prove who we are, and send nothing. Raises MailError."""
        try:
            with self._connected() as server:
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.noop()
        except (OSError, smtplib.SMTPException, ValueError) as failure:
            raise MailError(f"the mail server cannot be used: {type(failure).__name__}") from None

    def _send(self, mail: EmailMessage) -> None:
        try:
            with self._connected() as server:
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.send_message(mail)
        except (OSError, smtplib.SMTPException, ValueError) as failure:
            raise MailError(f"the mail server did not take a letter: {type(failure).__name__}") from None

    def _connected(self) -> smtplib.SMTP:
        trust = self.trust or ssl.create_default_context()
        if self.scheme == "smtps":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=trust)
        server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            if not self.plain:
                server.starttls(context=trust)
        except BaseException:
            server.close()
            raise
        return server


def message(letter: Letter, sender: str) -> EmailMessage:
    """A letter as it goes over the wire, in plain text; a line break in a header is a ValueError of EmailMessage."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, letter.to, letter.subject
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.body)
    return mail
