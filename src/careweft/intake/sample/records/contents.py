"""What a document holds: plain text, a one-page PDF, or a clinical document (HL7 CDA Release 2)."""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha1
from html import escape
from textwrap import wrap

from careweft.intake.sample.codings import Json
from careweft.intake.sample.life import Visit
from careweft.intake.sample.scene import Scene

from ....values import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a document, with their media type."""

    type: str
    data: bytes

    @property
    def encoded(self) -> str:
        """The bytes as base64Binary."""
        return b64encode(self.data).decode()

    def attachment(self, title: str, creation: str) -> Json:
        """An Attachment that says all about the bytes but not where they are."""
        return {
            "contentType": self.type,
            "language": "en",
            "size": len(self.data),
            "hash": b64encode(sha1(self.data, usedforsecurity=False).digest()).decode(),
            "title": title,
            "creation": creation,
        }


Maker = Callable[[Scene, Visit, tuple[str, str], str], Content]


def text(_scene: Scene, _visit: Visit, _title: tuple[str, str], said: str) -> Content:
    """Plain text as it was typed."""
    return Content("text/plain", said.encode())


def page(scene: Scene, visit: Visit, title: tuple[str, str], said: str) -> Content:
    """One page of PDF 1.4: whose it is, of which day, and what is said."""
    head = f"{title[1]}, {_name(scene)}, {visit.day}"
    lines = [head, "", *(line for paragraph in said.splitlines() for line in wrap(paragraph, 90))]
    return Content("application/pdf", pdf(lines))


def pdf(lines: list[str]) -> bytes:
    """The lines on one letter page in Helvetica, as ISO 32000-1 has it: objects, cross-reference table, trailer.

    >>> pdf(["Hello"])[:8]
    b'%PDF-1.4'
    """
    shown = "".join(f"({_quoted(line)}) Tj T*\n" for line in lines)
    stream = f"BT /F1 11 Tf 14 TL 72 720 Td\n{shown}ET".encode("latin-1", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font %b >> >>" % _FONTS,
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    written, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    return written + b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table) + tail


_FONTS = b"<< /F1 5 0 R >>"


def _quoted(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def clinical(scene: Scene, visit: Visit, title: tuple[str, str], said: str) -> Content:
    """A clinical document: the header, and what is said as one narrative section (https://hl7.org/cda/)."""
    person, site, at = scene.person, scene.site(visit).organization, f"{visit.start:%Y%m%d%H%M}-0600"
    doctor = scene.practitioner(visit)["name"][0]
    written = f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
<realmCode code="US"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<id root="{scene.encounter_ids[visit.number]}"/>
<code code="{title[0]}" codeSystem="2.16.840.1.113883.6.1" displayName="{escape(title[1])}"/>
<title>{escape(title[1])}</title>
<effectiveTime value="{at}"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
<languageCode code="en-US"/>
<recordTarget><patientRole><id root="{scene.patient_id}"/><patient>
<name><given>{person.given[0]}</given><family>{person.family}</family></name>
<administrativeGenderCode code="{person.sex[0].upper()}" codeSystem="2.16.840.1.113883.5.1"/>
<birthTime value="{person.birth:%Y%m%d}"/>
</patient></patientRole></recordTarget>
<author><time value="{at}"/><assignedAuthor><id root="{scene.practitioner(visit)["id"]}"/>
<assignedPerson><name><given>{doctor["given"][0]}</given><family>{doctor["family"]}</family></name></assignedPerson>
</assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization><id root="{site["id"]}"/>
<name>{escape(site["name"])}</name></representedCustodianOrganization></assignedCustodian></custodian>
<component><structuredBody><component><section>
<code code="8648-8" codeSystem="2.16.840.1.113883.6.1" displayName="Hospital course Narrative"/>
<title>Hospital course</title><text>{escape(said)}</text>
</section></component></structuredBody></component>
</ClinicalDocument>
"""
    return Content("application/xml", written.encode())


def _name(scene: Scene) -> str:
    return f"{scene.person.given[0]} {scene.person.family}"
