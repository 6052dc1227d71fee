"""The first twenty people of every sample: a designed cast, so that a small tenant has something of everything."""

from ...values import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """One member of the cast: household, age in months, illnesses that are certain, and traits of the record."""

    household: int
    months: int
    sex: str
    illnesses: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()


def _years(household: int, years: int, sex: str, illnesses: str = "", traits: str = "") -> Role:
    return Role(household, years * 12 + 5, sex, tuple(illnesses.split()), frozenset(traits.split()))


CAST = (
    _years(0, 46, "female", "hypertension diabetes hyperlipidemia food caries bronchitis", "renamed moved smoker"),
    _years(0, 48, "male", "hypertension knee-arthrosis appendicitis", "second-cover suffix"),
    _years(0, 9, "female", "asthma rhinitis otitis", "allergic"),
    Role(0, 8, "male", ("otitis",), frozenset({"name-unknown"})),
    _years(1, 29, "female", "pregnancy anxiety anemia", "allergic"),
    _years(2, 72, "male", "heart-failure atrial-fibrillation implant", "smoker"),
    _years(3, 81, "female", "alzheimer osteoporosis hearing walking memory", "birthsex-unknown allergic"),
    _years(4, 34, "male", "opioid-dependence depression transport laceration", "smoker reported"),
    _years(5, 67, "female", "knee-arthrosis implant hypothyroidism skin-lesion", "second-cover moved"),
    _years(6, 79, "male", "heart-failure diabetes pneumonia", "deceased"),
    _years(7, 16, "female", "depression covid", "allergic"),
    _years(8, 24, "male", "appendicitis strep", "native tribal"),
    _years(9, 52, "female", "diabetes skin-lesion cystitis", "native tribal"),
    _years(10, 61, "male", "pneumonia hypertension caries", "ambulance"),
    _years(11, 38, "female", "anemia cystitis caries food", "renamed"),
    _years(12, 33, "female", "anxiety rhinitis"),
    _years(12, 2, "female", "otitis", "vaccine-refused"),
    _years(13, 12, "male", "attention-deficit caries sprain"),
    _years(14, 57, "male", "hyperlipidemia obesity sprain", "smoker suffix"),
    _years(15, 70, "female", "atrial-fibrillation reflux walking"),
)
