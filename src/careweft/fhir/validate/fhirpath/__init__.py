"""Invariants compiled to closures: FHIRPath as far as the constraints of R4, US Core and CARIN use it.

https://hl7.org/fhirpath/N1/, https://hl7.org/fhir/R4/fhirpath.html. Every expression is one of our own tables: none
comes with a request. What an expression looks at is counted, so that a hostile record cannot make it slow.
"""

from .program import Invariant, compiled
from .syntax import UnreadableError
from .values import Env, TooCostly, Unknown

__all__ = ["Env", "Invariant", "TooCostly", "Unknown", "UnreadableError", "compiled"]
