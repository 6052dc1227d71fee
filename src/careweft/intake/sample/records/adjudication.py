"""How a claim is decided: the amounts of a price, and the statuses and reasons beside them (CARIN's adjudication)."""

from decimal import ROUND_HALF_UP, Decimal

from careweft.intake.sample.catalogue.claims import ALLOWED, SHARE
from careweft.intake.sample.codings import Json, carin, coding, term

Sums = dict[str, tuple[Json, Decimal]]

_CENT = Decimal("0.01")
_NETWORK = carin("C4BBPayerAdjudicationStatus", "innetwork")
_REASONS = {
    "billingnetworkstatus": _NETWORK,
    "renderingnetworkstatus": _NETWORK,
    "benefitpaymentstatus": _NETWORK,
    "adjustmentreason": {"coding": [coding("https://x12.org/codes/claim-adjustment-reason-codes", "45")]},
}
_REJECTED = {"coding": [coding("http://terminology.hl7.org/CodeSystem/NCPDPRejectCode", "70")]}
_OF_FHIR = ("submitted", "eligible", "copay", "benefit")
_CATEGORIES = {
    name: term("adjudication", name) if name in _OF_FHIR else carin("C4BBAdjudication", name)
    for name in (*_OF_FHIR, "discount", "memberliability", "paidtoprovider", "noncovered")
}


def pay(price: Decimal, *, denied: bool = False) -> Sums:
    """The amounts that a price comes to, each with its category.

    >>> {name: str(value) for name, (_, value) in pay(Decimal("100.00")).items()}["memberliability"]
    '10.80'
    """
    eligible = Decimal(0).quantize(_CENT) if denied else (price * ALLOWED).quantize(_CENT, ROUND_HALF_UP)
    copay = (eligible * SHARE).quantize(_CENT, ROUND_HALF_UP)
    paid = eligible - copay
    amounts = {
        "submitted": price,
        "eligible": eligible,
        "discount": price - eligible,
        "copay": copay,
        "memberliability": copay,
        "benefit": paid,
        "paidtoprovider": paid,
    }
    if denied:
        amounts |= {"noncovered": price, "discount": eligible, "memberliability": price}
    return {name: (_CATEGORIES[name], value) for name, value in amounts.items()}


def adjudicate(kinds: tuple[str, ...], sums: Sums, *, rejected: bool = False) -> list[Json]:
    """The adjudications of a header or an item: statuses and reasons by their discriminators, then the amounts."""
    rows: list[Json] = []
    for kind in kinds:
        category = carin("C4BBAdjudicationDiscriminator", kind)
        rows.append(
            {"category": category, "value": Decimal(1)}
            if kind == "allowedunits"
            else {"category": category, "reason": _REASONS[kind]}
        )
    if rejected:
        rows.append({"category": carin("C4BBAdjudicationDiscriminator", "rejectreason"), "reason": _REJECTED})
    rows += [{"category": category, "amount": {"value": value, "currency": "USD"}} for category, value in sums.values()]
    return rows
