"""Geography, no smaller than Safe Harbor lets it be: 45 CFR 164.514(b)(2)(i)(B)."""

_STATES = """
AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR
PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI
"""
STATES = frozenset(_STATES.split())
COUNTRIES = frozenset({"US", "USA"})

_SPARSE = """
036 059 063 102 202 203 204 205 369 556 692 753 772 790 821 823 830 831 878 879 884 890 893
"""
SPARSE = frozenset(_SPARSE.split())
"""Where all ZIP codes that begin so have at most 20,000 people: by the census of 2000 or that of 2010."""
NOWHERE = "000"


def zip3(text: str) -> str | None:
    """The first three digits of a ZIP code, 000 where few live there; None where it is none.

    >>> zip3("97301-1234"), zip3("05901"), zip3("K1A 0B1")
    ('973', '000', None)
    """
    plain = text.replace("-", "").replace(" ", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) in (5, 9)):
        return None
    return NOWHERE if plain[:3] in SPARSE else plain[:3]
