"""Which failures of the database mean that one should try again later, said as `Unavailable`."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from ..fhir.outcomes import Unavailable

GONE = (
    OSError,  # refused, reset, no such socket; TimeoutError is one of these
    asyncpg.InterfaceError,  # the connection is closed
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, cancelled
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.PostgresSystemError,  # the database's own disk failed
    asyncpg.InternalServerError,
    asyncpg.TransactionRollbackError,  # deadlock
    asyncpg.ObjectNotInPrerequisiteStateError,  # a lock that was not to be had in time
    asyncpg.InternalClientError,  # the connection broke in the middle of an answer
)

# Any refusal of the database, for those who only tell it to a person.
DatabaseError = asyncpg.PostgresError


@contextmanager
def reported() -> Iterator[None]:
    """Say `Unavailable` where the database cannot answer now; other errors are our own mistakes and pass."""
    try:
        yield
    except GONE as failure:
        raise Unavailable("The database does not answer; try again shortly.") from failure
