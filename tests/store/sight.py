"""Whether a search shows a record to a caller, told once more from the table of decision 19, on plain resources."""

from careweft.access.reach import REACH, How
from careweft.fhir.compartments import members, subject
from careweft.fhir.definitions import SEARCH
from careweft.fhir.labels import labels
from careweft.fhir.search.evaluate import holds, values
from careweft.fhir.search.kinds.reference import literal
from careweft.fhir.search.query import Ref
from tests.fhir.strategies import ZONE


def visible(resource, reach, stored):
    """Some way of this reach leads to the resource, and nothing withholds it; `stored` are all there are, by type."""
    if withheld(resource, reach.withheld, stored):
        return False
    return any(_by(resource, way, stored) and holds(resource, way.where, ZONE) for way in reach.ways)


def withheld(resource, bits, stored):
    """The resource, or what a Provenance is about, carries a label that this caller may not see."""
    targets = (literal(one.get("reference", "")) for one in resource.get("target", ()))
    about = [one for one in targets if isinstance(one, Ref)] if resource["resourceType"] == "Provenance" else []
    hung = [one for ref in about for one in stored.get(ref.type, ()) if one["id"] == ref.id]
    return any(labels(one) & bits for one in (resource, *hung))


def _by(resource, way, stored):
    """Whether this way leads there, told from the table of decision 19."""
    if way.how is How.SHARED:
        return True
    match way.how:
        case How.COMPARTMENT:
            return _meets(way, (*members(resource), subject(resource)), stored)
        case How.OWN:
            return _meets(way, (subject(resource),), stored)
        case How.TARGET:
            targets = [literal(one.get("reference", "")) for one in resource.get("target", ())]
            bound = [one for one in targets if not isinstance(one, Ref) or REACH.get(one.type) is not How.SHARED]
            return bool(bound) and all(_target(one, way, stored) for one in bound)
    return False


def _meets(way, patients, stored):
    """One of these patients is whom the way is for, and one is within its sight."""
    mine = way.patient is None or way.patient in patients
    return mine and (way.sight is None or any(seen(way.sight, one, stored) for one in patients if one))


def seen(sight, patient, stored):
    """A patient is listed, or some record of theirs refers to where a lead begins."""
    if sight.patients is None or patient in sight.patients:
        return True
    return any(
        subject(one) == patient and any(f"{ref.type}/{ref.id}" in lead.to for ref in _refs(one, lead))
        for lead in sight.leads
        for one in stored.get(lead.type, ())
    )


def _refs(resource, lead):
    return [one for one in values(resource, SEARCH[lead.type][lead.param], ZONE) if isinstance(one, Ref)]


def _target(ref, way, stored):
    """Is this a record of the patient's? What is only about what all may see is read, but not found by search."""
    found = [one for one in stored.get(ref.type, ()) if one["id"] == ref.id] if isinstance(ref, Ref) else []
    return bool(found) and _meets(way, (*members(found[0]), subject(found[0])), stored)
