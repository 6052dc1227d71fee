"""What an API surface is. The tables that use these words are this folder's other files."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from ..values import dataclass

OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "$docref": "http://hl7.org/fhir/us/core/OperationDefinition/docref",
        "$export": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
        "Group/$export": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export",
        "Patient/$export": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/patient-export",
        "$everything": "http://hl7.org/fhir/OperationDefinition/Patient-everything",
        "$validate": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
    }
)
"""The operations that an offer or a surface may name, and where each is defined; under `Type/` where that differs."""
INTERACTIONS = ("read", "vread", "history-instance", "search-type", "create", "update")


@dataclass(frozen=True, slots=True)
class Offer:
    """One resource type on one surface: what can be done with it, and by what it is searched.

    `can` are codes of FHIR's TypeRestfulInteraction; `params` search parameter codes; `together` the combinations that
    US Core names; `includes` values of `_include` such as "Observation:patient"; `revincludes` likewise; `operations`
    names of OPERATIONS.
    """

    type: str
    can: frozenset[str]
    params: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    includes: tuple[str, ...] = ()
    revincludes: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def does(self, interaction: str) -> bool:
        """Is this interaction or operation offered?"""
        return interaction in self.can or interaction in self.operations


def defined(operation: str, type_: str = "") -> str:
    """The canonical URL of an operation, as a type or the whole API has it.

    >>> defined("$export", "Group")
    'http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export'
    """
    return OPERATIONS.get(f"{type_}/{operation}") or OPERATIONS[operation]


@dataclass(frozen=True)
class Surface:
    """One FHIR base URL.

    `base` is a path with `{tenant}`; `audience` says whose tokens it takes: "patient" surfaces take patient/ and
    user/ scopes, "system" surfaces system/ scopes; `issuer` the authorization server whose tokens it takes. `exports`
    is the path at which its exports are asked about, with `{tenant}`, "" where it has none; `form` the form in which
    records leave it, "" as they are.
    """

    id: str
    name: str
    side: Literal["provider", "payer", "intake", "research"]
    base: str
    audience: Literal["patient", "system"]
    offers: tuple[Offer, ...]
    operations: tuple[str, ...] = ()
    guides: tuple[str, ...] = ()
    instantiates: tuple[str, ...] = ()
    fhir: str = "4.0.1"
    default_format: Literal["json", "xml"] = "json"
    issuer: str = "v2"
    exports: str = ""
    form: str = ""

    def url(self, base_url: str, tenant: str) -> str:
        """The FHIR base URL of a tenant: the audience of its tokens, byte for byte (OAUTH-15)."""
        return base_url + self.base.replace("{tenant}", tenant)

    @cached_property
    def by_type(self) -> Mapping[str, Offer]:
        """The offers by resource type."""
        return MappingProxyType({one.type: one for one in self.offers})
