"""Prefixes of ordered values: https://hl7.org/fhir/R4/search.html#prefix"""

import re

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def take(text: str) -> tuple[str, str]:
    """The prefix, `eq` where there is none, and what follows it.

    >>> take("ge2024"), take("2024")
    (('ge', '2024'), ('eq', '2024'))
    """
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)


def shown(text: str, most: int = 20) -> str:
    """What came, short and harmless enough to be said again in a refusal.

    >>> shown("yesterday<script>"), shown("9" * 50)
    ("'yesterday.script.'", "'99999999999999999999...'")
    """
    safe = re.sub(r"[^A-Za-z0-9_:+. \-]", ".", text[:most])
    return f"'{safe}...'" if len(text) > most else f"'{safe}'"
