"""An authorization request as it came, read once from its query or form: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field

from ...ports.clients import Client
from ...surfaces.model import Surface
from ...tenancy import Tenant
from ...values import dataclass

LONGEST: Mapping[str, int] = {"scope": 8192, "state": 4096, "aud": 2048, "redirect_uri": 2048}
LONGEST_OTHER = 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters that carry a value; `repeated` are the names that came more than once, which say nothing."""

    given: Mapping[str, str] = field(repr=False)
    repeated: frozenset[str] = frozenset()

    @classmethod
    def read(cls, pairs: Sequence[tuple[str, str]]) -> "Asked":
        """The pairs of a query or form. A parameter without a value counts as not sent (RFC 6749 3.1)."""
        counted = Counter(name for name, _ in pairs)
        repeated = frozenset(name for name, times in counted.items() if times > 1)
        return cls({name: value for name, value in pairs if value and name not in repeated}, repeated)

    def one(self, name: str) -> str | None:
        """The value of a parameter, None where it was not sent."""
        return self.given.get(name)


@dataclass(frozen=True, slots=True)
class Asking:
    """What the checks look at: the request, of which client, for which API of which tenant. `audience` is that API's
    base URL; `pushed` says that the request came by PAR.
    """

    asked: Asked
    client: Client
    tenant: Tenant
    surface: Surface
    audience: str
    pushed: bool = False
