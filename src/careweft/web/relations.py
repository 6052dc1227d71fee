"""How pages tell a relation: words of FHIR's role codes as a handful of plain ones."""

RELATIONS = {
    "self": "self", "child": "child", "CHILD": "child", "SONC": "child", "DAUC": "child", "NCHILD": "child",
    "parent": "parent", "PRN": "parent", "MTH": "parent", "FTH": "parent", "SPS": "spouse", "HUSB": "spouse",
    "WIFE": "spouse", "DOMPART": "spouse", "caregiver": "caregiver",
}  # fmt: skip


def word(relation: str) -> str:
    """The plain word of a relation; for one that has none, that somebody may act.

    >>> word("DAUC"), word("GUARD")
    ('child', 'other')
    """
    return RELATIONS.get(relation, "other")
