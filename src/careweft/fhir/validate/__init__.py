"""The validator: is a resource what R4 and its profiles say? https://hl7.org/fhir/R4/validation.html"""

from .issue import Issue
from .validator import Validator

__all__ = ["Issue", "Validator"]
