"""STU3 resources are known by elements that R4 does not have."""

import pytest

from careweft.fhir.definitions import TYPES
from careweft.intake.stu3 import STU3_ONLY


@pytest.mark.parametrize("type_", sorted(STU3_ONLY))
def test_what_marks_stu3_is_not_in_r4(type_):
    """No R4 resource can be taken for an STU3 one: none of the names that mark STU3 is an element of R4's type."""
    assert not STU3_ONLY[type_] & set(TYPES[type_].by_json)
