"""One world for each test of the doors."""

import pytest

from .twins import World, patient, pulse, world


@pytest.fixture
def doors() -> World:
    """Two tenants with the same ids; Ana and Bea at Maple, another Ana at Birch."""
    made = world()
    for tenant, canary in ((1, "Maple"), (2, "Birch")):
        records = made.records[tenant]
        for name in ("ana", "bea"):
            records.put(patient(name, address=[{"city": f"{canary}-{name}"}]), name)
            records.put(pulse(f"pulse-{name}", name, note=[{"text": f"{canary}-{name}"}]), name)
    return made
