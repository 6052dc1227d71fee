"""FHIR XML from and to the same tree as JSON, nothing lost: https://hl7.org/fhir/R4/xml.html

Both ways walk one table: `plan` says of each type which elements it has, in which order, and which of five shapes each
takes in XML.
"""

from .read import from_xml
from .write import to_xml

__all__ = ["from_xml", "to_xml"]
