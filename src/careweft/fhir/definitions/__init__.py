"""What FHIR R4 itself says: types, elements, search parameters, the Patient compartment, codes of required bindings.

Read from committed tables that `tools/compile_definitions.py` writes (types, search, compartment, summary, codes) and
from `guides.tsv`, which we write. Nothing is made before it is asked for.
"""

from .parameters import COMPARTMENT, SEARCH, SearchParam
from .types import RESOURCES, TYPES, Element, Type, summary
from .valuesets import VALUE_SETS, codes

__all__ = [
    "COMPARTMENT",
    "RESOURCES",
    "SEARCH",
    "TYPES",
    "VALUE_SETS",
    "Element",
    "SearchParam",
    "Type",
    "codes",
    "summary",
]
