"""The codes that make a record sensitive, in our own notation: a row for each label and code system.

A code stands as it is written, `F20-F69` for every ICD category from the first to the last, `F10*` for whatever begins
so. A tenant that wants more adds a row here and runs `careweft reindex`: the table's digest is part of how records are
indexed, so that the change is found.

Substance use is what 42 CFR 2.11 calls so, which leaves out tobacco and caffeine. Prescribed products are named where
they serve one purpose.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from ...values import dataclass

BITS: Mapping[str, int] = MappingProxyType({"R": 1, "V": 2, "ETH": 4, "SUD": 8, "PSY": 16})
"""The labels, and the bit of each. A bit is stored with every version: none is ever given to another label."""
EVERY = sum(BITS.values())

V3 = "http://terminology.hl7.org/CodeSystem/v3-"
CONFIDENTIALITY, ACT = V3 + "Confidentiality", V3 + "ActCode"
ICD = ("http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10", "urn:oid:2.16.840.1.113883.6.90")
ICD9 = ("http://hl7.org/fhir/sid/icd-9-cm", "urn:oid:2.16.840.1.113883.6.103")
SNOMED = ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96")
RXNORM = ("http://www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88")
LOINC = ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1")
SAID = (CONFIDENTIALITY, "http://hl7.org/fhir/v3/Confidentiality", "urn:oid:2.16.840.1.113883.5.25")
CALLED = (ACT, "http://hl7.org/fhir/v3/ActCode", "urn:oid:2.16.840.1.113883.5.4")


@dataclass(frozen=True, slots=True)
class Row:
    """Codes of one meaning: the labels that they bring, the system's names, the codes, what they are in plain words."""

    labels: str
    systems: tuple[str, ...]
    codes: str
    what: str


ROWS = (
    # What somebody said of the record itself.
    Row("R", SAID, "R", "restricted"),
    Row("V", SAID, "V *", "very restricted"),
    Row("ETH", CALLED, "ETH ETHUD", "alcohol use"),
    Row("SUD", CALLED, "SUD OPIOIDUD", "substance use"),
    Row("PSY", CALLED, "PSY PSYTHPN MH", "mental health"),
    Row("SUD PSY", CALLED, "BH", "behavioral health"),
    Row("R", CALLED, "HIV STD SDV SEX SCA GDIS DVD VIO TBOO", "every other sensitivity, which has no word of its own"),
    # Alcohol: both labels, since 42 CFR Part 2 covers it too.
    Row("ETH SUD", ICD, "F10* G31.2 G62.1 I42.6 K29.2* K70* K85.2* K86.0 O99.31* R78.0 T51.0* Y90* Z71.41",
        "disorders due to alcohol"),
    Row("ETH SUD", ICD9, "291* 303* 305.0*", "disorders due to alcohol"),
    Row("ETH SUD", SNOMED, "7200002 15167005 66590003 763302001 20093000 24165007",
        "alcohol dependence, abuse, screening and treatment"),
    Row("ETH SUD", LOINC, "72109-2 75626-2 5643-2 5639-0 5640-8", "AUDIT-C, ethanol in blood and urine"),
    Row("ETH SUD", RXNORM, "3554 82819", "disulfiram, acamprosate"),
    # Other substances.
    Row("SUD", ICD, "F11-F16 F18-F19 O99.32* P04.4* P96.1 Z71.5*", "disorders due to substances other than tobacco"),
    Row("SUD", ICD9, "292* 304* 305.2* 305.3* 305.4* 305.5* 305.6* 305.7* 305.8* 305.9*",
        "disorders due to substances other than tobacco"),
    Row("SUD", SNOMED, "75544000 5602001 31956009 78267003 85005007 37344009 191816009 26416006 66214007 2403008 "
        "361055000 428211000124100 866148006 56876005 60112009 310653000 385989002",
        "dependence on substances, their abuse, screening and treatment"),
    Row("SUD", LOINC, "82666-9 82667-7 3879-4 3397-7 3426-4 3349-8", "DAST-10, drugs of abuse in urine"),
    Row("SUD", RXNORM, "1819 6813 7243 351266 351267 1010600 1010603 1010604 1010606 1010608",
        "buprenorphine, methadone and naltrexone, by ingredient or as products against dependence"),
    # Mental health.
    Row("PSY", ICD, "F20-F69 F90-F99 R45.85* T14.91* X71-X83 Z13.3* Z91.5*",
        "mental and behavioral disorders, self-harm"),
    Row("PSY", ICD9, "295-302 306-314 V62.84 E950-E959", "mental and behavioral disorders, self-harm"),
    Row("PSY", SNOMED, "74732009 35489007 370143000 36923009 66344007 21897009 197480006 48694002 13746004 58214004 "
        "47505003 231504006 191736004 371631005 406506008 72366004 56882008 78004001 20010003 6471006 82313006 "
        "69322001 171207006 454711000124102 715252007 75516001 18512000 23835007 183382003",
        "mental disorders, screening for them, psychotherapy"),
    Row("PSY", LOINC, "44249-1 44250-9 44251-7 44252-5 44253-3 44254-1 44255-8 44258-2 44259-0 44260-8 44261-6 "
        "55757-9 55758-7 69737-5 70274-6 71354-5 89204-2", "PHQ-9, PHQ-2, GAD-7, Edinburgh scale"),
    Row("PSY", RXNORM, "36437 312941 4493 32937 321988 349332 2556 35636 61381 51272 89013 2626 6448 46303 39786 "
        "5093 1827 15996 6901 1091392",
        "antidepressants, antipsychotics, lithium, buspirone, methylphenidate"),
)  # fmt: skip


def _codes(text: str) -> Iterator[str]:
    """The codes of a row one by one; a range of categories as the beginnings that it stands for."""
    for one in text.split():
        low, dash, high = one.partition("-")
        if not dash or len(low) != len(high):  # a LOINC code's check digit is no range
            yield one
            continue
        letter = low[0] if low[0].isalpha() else ""
        first, last = int(low.removeprefix(letter)), int(high.removeprefix(letter))
        yield from (f"{letter}{n:0{len(low) - len(letter)}}*" for n in range(first, last + 1))


def _number(labels: str) -> int:
    return sum(BITS[one] for one in labels.split())


def _tables() -> dict[str, tuple[dict[str, int], dict[str, int]]]:
    """By system: the codes as they are, and the beginnings of codes."""
    found: dict[str, tuple[dict[str, int], dict[str, int]]] = {}
    for row in ROWS:
        for system in row.systems:
            whole, begun = found.setdefault(system, ({}, {}))
            for code in _codes(row.codes):
                table, key = (begun, code[:-1]) if code.endswith("*") and len(code) > 1 else (whole, code)
                table[key] = table.get(key, 0) | _number(row.labels)
    return found


TABLES = _tables()
SHORTEST = 3
"""Characters that a beginning of a code has at least."""
_WHOLE = frozenset(code.encode() for whole, _ in TABLES.values() for code in whole)
_BEGUN = frozenset(code[:SHORTEST].encode() for _, begun in TABLES.values() for code in begun)
_SAID = repr([(row.labels, row.systems, row.codes) for row in ROWS]).encode()
VERSION = hashlib.blake2b(_SAID, digest_size=8).hexdigest()
"""Changes with the table: part of how records are indexed."""


def named(system: str, code: Any) -> int:
    """The labels of a code in a system; 0 for none."""
    tables = TABLES.get(system)
    return 0 if tables is None or not isinstance(code, str) else _looked_up(system, code)


@lru_cache(20_000)
def _looked_up(system: str, code: str) -> int:
    whole, begun = TABLES[system]
    found = whole.get(code, 0)
    for length in range(SHORTEST, len(code) + 1) if begun else ():
        found |= begun.get(code[:length], 0)
    return found


def suspect(code: bytes) -> tuple[bytes, ...]:
    """The systems in which this code, as JSON writes it, brings labels, each as JSON writes it; "" stands for any."""
    return _suspected(code) if code in _WHOLE or code[:SHORTEST] in _BEGUN else ()


@lru_cache(20_000)
def _suspected(code: bytes) -> tuple[bytes, ...]:
    text = code.decode(errors="replace")
    systems = [system for system in TABLES if _looked_up(system, text)]
    return tuple(b"" if system in (ACT, CONFIDENTIALITY) else f'"{system}"'.encode() for system in systems)
