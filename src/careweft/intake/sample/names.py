"""Invented names, streets and towns: nobody and nowhere is called so (telephones 555-01xx, ZIP codes unassigned)."""

from .chance import Chance
from .codings import Json

GIVEN = {
    "female": (
        "Avelina",
        "Brisa",
        "Corvina",
        "Delphine",
        "Elowen",
        "Fiorella",
        "Ginevra",
        "Halina",
        "Isolde",
        "Junia",
        "Kestrel",
        "Linnea",
        "Mireille",
        "Nerissa",
        "Ottilie",
        "Petra",
        "Quilla",
        "Rosalba",
        "Saoirse",
        "Tamsin",
        "Ursa",
        "Verity",
        "Wilhelmina",
        "Xiomara",
        "Yesenia",
        "Zelda",
    ),
    "male": (
        "Alaric",
        "Bastien",
        "Caspian",
        "Dmitri",
        "Emeric",
        "Florian",
        "Gideon",
        "Horatio",
        "Ignatius",
        "Jorah",
        "Kasimir",
        "Leander",
        "Matthias",
        "Nicanor",
        "Orson",
        "Percival",
        "Quentin",
        "Rufus",
        "Stellan",
        "Thaddeus",
        "Ulric",
        "Valentin",
        "Wendell",
        "Xavier",
        "Yorick",
        "Zoltan",
    ),
}
_HEADS = (
    "Amber",
    "Birch",
    "Copper",
    "Dapple",
    "Elder",
    "Fern",
    "Gorse",
    "Hazel",
    "Ivory",
    "Juniper",
    "Kelp",
    "Lark",
    "Moss",
    "Nettle",
    "Otter",
    "Pebble",
    "Quill",
    "Rowan",
    "Sorrel",
    "Thistle",
    "Umber",
    "Violet",
    "Willow",
    "Yarrow",
)
_TAILS = (
    "beck",
    "combe",
    "dale",
    "fell",
    "garth",
    "holm",
    "lathe",
    "mere",
    "ness",
    "quist",
    "rigg",
    "shaw",
    "thorpe",
    "wick",
    "worth",
    "wold",
)
SURNAMES = tuple(head + tail for tail in _TAILS for head in _HEADS)
STREETS = ("Testing Lane", "Sample Street", "Placeholder Avenue", "Fixture Road", "Specimen Court", "Demo Drive")
TOWNS = (
    ("Exampleton", "KS", "00101"),
    ("Port Specimen", "WA", "00115"),
    ("Mockingham", "OH", "00123"),
    ("Lower Fixture", "MN", "00140"),
    ("Trial Springs", "CO", "00166"),
    ("Sampleford", "ME", "00188"),
)


def address(chance: Chance, town: tuple[str, str, str], use: str = "home") -> Json:
    """A postal address in an invented town."""
    city, state, postal_code = town
    line = f"{chance.number(1, 999)} {chance.one(STREETS)}"
    return {"use": use, "line": [line], "city": city, "state": state, "postalCode": postal_code, "country": "US"}


def telephone(chance: Chance, use: str) -> Json:
    """A number from the range kept for fiction."""
    return {"system": "phone", "value": f"{chance.number(201, 989)}-555-01{chance.number(0, 99):02}", "use": use}


def mailbox(*words: str, use: str = "home") -> Json:
    """An address in a domain that never receives mail (RFC 2606)."""
    return {"system": "email", "value": ".".join(words).lower() + "@example.org", "use": use}
