"""What happens without anybody asking: letters go out over TLS, relations end, old rows go (AUTHZ-19)."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from careweft.accounts.attendant import Attendant
from careweft.accounts.relations import Terms
from careweft.adapters.mail import MailError, Smtp, message
from careweft.ports.mail import Letter


class Server:
    """A mail server on the loopback, as far as RFC 5321 needs one; it keeps what it was told, line by line."""

    def __init__(self, *, refuses=False, tls=None):
        self.said, self.refuses, self.tls = [], refuses, tls

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.heard, "127.0.0.1", 0, ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def heard(self, reader, writer):
        with suppress(ConnectionError):
            await self.talk(reader, writer)
        writer.close()

    async def talk(self, reader, writer):
        data = False
        writer.write(b"220 mail.example.org\r\n")
        while line := await reader.readline():
            text = line.decode("latin-1").rstrip("\r\n")
            self.said.append(text)
            if data:
                data = text != "."
                if not data:
                    writer.write(b"250 taken\r\n")
            elif text.upper() == "DATA":
                data = True
                writer.write(b"354 go on\r\n")
            elif text.upper() == "QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"550 no\r\n" if self.refuses and text.upper().startswith("RCPT") else b"250 ok\r\n")


def attendant(here, send):
    async def tenants():
        return [here.tenant, here.other]

    return Attendant(here.desk.relations, here.people, tenants, here.outbox, send, [here.sessions.prune], here.clock)


LETTER = Letter("ana@mail.example.org", "Choose a new password", "Hello Ana,\n\nhttps://x.example.org/abc\n")


async def test_a_letter_goes_out_once(here):
    await here.outbox.post(here.tenant.number, LETTER, here.clock())
    async with Server() as server:
        smtp = Smtp.read(f"smtp+plain://127.0.0.1:{server.port}", "records@clinic.example.org")
        assert await attendant(here, smtp.send).deliver() == 1
        assert await attendant(here, smtp.send).deliver() == 0

    assert "rcpt to:<ana@mail.example.org>" in [one.lower() for one in server.said]
    assert "Subject: Choose a new password" in server.said
    assert "https://x.example.org/abc" in server.said
    assert await here.outbox.box(here.tenant.number) == []


async def test_a_letter_that_was_not_taken_comes_again(here):
    await here.outbox.post(here.tenant.number, LETTER, here.clock())
    async with Server(refuses=True) as server:
        smtp = Smtp.read(f"smtp+plain://127.0.0.1:{server.port}", "records@clinic.example.org")
        assert await attendant(here, smtp.send).deliver() == 0
        here.clock.on(minutes=1)
        server.refuses = False
        assert await attendant(here, smtp.send).deliver() == 1


async def test_without_tls_nothing_is_said(here):
    """`smtp` wants STARTTLS: a server that has none is told neither password nor letter."""
    async with Server() as server:
        smtp = Smtp.read(f"smtp://user:secret@127.0.0.1:{server.port}", "records@clinic.example.org")
        with pytest.raises(MailError) as refused:
            await smtp.send(LETTER)

    assert not [one for one in server.said if one.upper().startswith(("AUTH", "MAIL", "RCPT", "DATA"))]
    assert "ana@" not in str(refused.value)
    assert "secret" not in repr(smtp)


async def test_a_server_that_nobody_vouches_for_gets_nothing(here):
    async with Server() as server:
        smtp = Smtp.read(f"smtps://127.0.0.1:{server.port}", "records@clinic.example.org")
        with pytest.raises(MailError):
            await smtp.send(LETTER)

    assert not [one for one in server.said if "Choose" in one]


def test_a_header_holds_one_line():
    with pytest.raises(ValueError, match="Header"):
        message(Letter("ana@mail.example.org\r\nBcc: eve@mail.example.org", "x", ""), "records@clinic.example.org")


async def test_relations_end_by_themselves(here):
    record = await here.patient()
    bo = await here.person(role="representative", fhir_user=None)
    terms = Terms(until=here.clock() + timedelta(hours=1))
    await here.desk.relations.relate(here.tenant, bo, record, terms, here.visit())
    assert await attendant(here, None).expire(minors=True) == 0
    here.clock.on(hours=1)

    assert await attendant(here, None).expire(minors=False) == 1
    assert await here.people.relations(here.tenant.number, patient=record) == []


async def test_sessions_that_ran_out_are_removed(here):
    ana = await here.person()
    await here.signed_in(ana)
    here.clock.on(hours=13)
    await attendant(here, None).tidy(0)

    assert await here.rows("select from session where account = $1", ana.id) == []
