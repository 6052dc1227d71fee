"""Whether a search shows a record to a caller, told once more from the table of decision 19, on plain resources."""

from careweft.access.reach import REACH, How
from careweft.fhir.compartments import members, subject
from careweft.fhir.search.evaluate import holds
from careweft.fhir.search.kinds.reference import literal
from careweft.fhir.search.query import Ref
from tests.fhir.strategies import ZONE


def visible(resource, reach, stored):
    """Some way of this reach leads to the resource; `stored` are all there are, by type."""
    return any(_by(resource, way, stored) and holds(resource, way.where, ZONE) for way in reach.ways)


def _by(resource, way, stored):
    """Whether this way leads there, told from the table of decision 19."""
    match way.how:
        case How.SHARED:
            return True
        case How.COMPARTMENT:
            return way.patient in members(resource) or way.patient == subject(resource)
        case How.OWN:
            return way.patient == subject(resource)
        case How.TARGET:
            targets = [literal(one.get("reference", "")) for one in resource.get("target", ())]
            bound = [one for one in targets if not isinstance(one, Ref) or REACH.get(one.type) is not How.SHARED]
            return bool(bound) and all(_target(one, way.patient, stored) for one in bound)
    return False


def _target(ref, patient, stored):
    """Is this a record of the patient's? What is only about what all may see is read, but not found by search."""
    found = [one for one in stored.get(ref.type, ()) if one["id"] == ref.id] if isinstance(ref, Ref) else []
    return bool(found) and patient in (*members(found[0]), subject(found[0]))
