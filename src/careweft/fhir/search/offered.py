"""What an API lets a type be searched by."""

from collections.abc import Collection
from typing import Protocol

from ...values import dataclass


class Offered(Protocol):
    """What an API lets a type be searched by, and what may be included; a surface's Offer is one."""

    @property
    def params(self) -> Collection[str]:
        """Codes of search parameters."""
        ...

    @property
    def includes(self) -> Collection[str]:
        """Values of `_include`, such as "Observation:patient"."""
        ...

    @property
    def revincludes(self) -> Collection[str]:
        """Values of `_revinclude`."""
        ...


@dataclass(frozen=True, slots=True)
class Offers:
    """The same, put together by hand."""

    params: Collection[str]
    includes: Collection[str] = ()
    revincludes: Collection[str] = ()
