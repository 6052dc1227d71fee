"""The searches of a definition at a moment, read by the search engine's own parser and narrowed like any other.

A definition is the tenant's own and runs with all of its sight, by nobody's token. What is withheld from an ordinary
export is withheld from it too, unless the owner says otherwise: whoever reads a Group would else learn from it who has
such a record.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from ...access.caller import Caller
from ...access.decide import Denied
from ...access.narrow import narrow, reach
from ...access.reach import REACH, How, Narrowed, Reach
from ...access.scopes import read_all
from ...fhir.compartments import naming
from ...fhir.labels import EVERY
from ...fhir.outcomes import FhirRefusal
from ...fhir.search import include, results
from ...fhir.search.context import Context
from ...fhir.search.parse import FORMS, parse
from ...fhir.search.query import AnyOf, Query, Test, Token
from ...surfaces import payer
from ...surfaces.model import Surface
from ...tenancy import Tenant
from ...values import dataclass
from .definition import Definition, Line
from .moments import said
from .refusal import DefinitionRefused

SURFACE: Surface = payer.SYSTEM_ACCESS
"""The API whose searches a definition may use: it has every type that any API has."""
BOUND = (How.COMPARTMENT, How.OWN, How.TARGET)


@dataclass(frozen=True, slots=True)
class Sight:
    """As whom a tenant's definitions are run, at a moment; `withheld`: the owner wants withheld records to count."""

    tenant: Tenant
    base_url: str
    now: datetime
    withheld: bool = False

    @property
    def context(self) -> Context:
        """What the parser needs to know."""
        return Context(self.now, ZoneInfo(self.tenant.zone), SURFACE.url(self.base_url, self.tenant.id))

    @property
    def caller(self) -> Caller:
        """The tenant itself, as a system; what is sensitive opens to it only where the owner says so."""
        return Caller("", self.tenant.id, "", read_all("system/*.rs"), labels=EVERY if self.withheld else 0)

    def narrowed(self, query: Query) -> Narrowed:
        """The query as the tenant may run it."""
        found = narrow(query, self.caller, SURFACE, self.tenant.zone)
        if isinstance(found, Denied):
            raise DefinitionRefused(found.because)
        return found

    @property
    def groups(self) -> Reach:
        """The reach of reading Groups."""
        found = reach(self.caller, SURFACE, "Group", "r", self.tenant.zone)
        if isinstance(found, Denied):
            raise DefinitionRefused(found.because)
        return found


def about(type_: str) -> str | None:
    """The parameter by which records of a type name the patients whom they are about; None for types of no patient.

    >>> about("Condition"), about("Coverage"), about("Organization")
    ('patient', 'patient', None)
    """
    return naming(type_) if REACH.get(type_) in BOUND else None


def asked(definition: Definition, sight: Sight) -> Sequence[Query]:
    """What each line searches at this moment. Raises DefinitionRefused, naming the line."""
    return [_query(line, sight.context) for line in definition.searches]


def people(ids: frozenset[str]) -> Query:
    """The search for these patients."""
    return Query("Patient", (AnyOf(tuple(Test("_id", Token(None, one), "is") for one in sorted(ids))),))


def _query(line: Line, context: Context) -> Query:
    offers = SURFACE.by_type
    if line.type not in offers or (line.type != "Patient" and about(line.type) is None):
        raise DefinitionRefused(
            f"line {line.number}: {line.type} is not searched here for the patients whom it is about;"
            " where a chain leads to it, begin with Patient"
        )
    try:
        pairs = [_pair(name, text, context) for name, text in parse_qsl(line.text, keep_blank_values=True)]
        return parse(line.type, offers[line.type], pairs, context, others=offers).query
    except FhirRefusal as refused:
        raise DefinitionRefused(f"line {line.number}: {refused.message}") from None
    except DefinitionRefused as refused:
        raise DefinitionRefused(f"line {line.number}: {refused}") from None


def _pair(name: str, text: str, context: Context) -> tuple[str, str]:
    if name in (*FORMS, *results.TAKEN, *include.NAMES):
        raise DefinitionRefused(f"{name} is about the answer to a search; a definition wants only what filters")
    return name, said(text, context.now, context.zone)
