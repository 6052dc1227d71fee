"""Links in Bundles, built from the configured base URL (WEB-10)."""

from urllib.parse import quote

from ..forms import Pairs

PLAIN = ":/|,$*@-._~"
"""What a query may hold unescaped and is easier to read so: RFC 3986 3.4."""


def joined(where: str, pairs: Pairs) -> str:
    """`where?name=value&...`

    >>> joined("https://fhir.example/Observation", [("code", "a|b"), ("date", "ge2024-05-17T10:00+02:00")])
    'https://fhir.example/Observation?code=a|b&date=ge2024-05-17T10:00%2B02:00'
    """
    query = "&".join(f"{quote(name, safe=PLAIN)}={quote(value, safe=PLAIN)}" for name, value in pairs)
    return f"{where}?{query}" if query else where
