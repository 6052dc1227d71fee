"""What tests of accounts ask again and again."""

import pytest

from careweft.accounts.entries import made
from careweft.accounts.refusals import Refused


async def refusal(awaitable) -> Refused:
    """Why this was refused."""
    with pytest.raises(Refused) as refused:
        await awaitable
    return refused.value


async def key(awaitable) -> str:
    """The key of the refusal."""
    return (await refusal(awaitable)).key


async def revoked(here, *keys) -> bool:
    """Was each of these taken back?"""
    found = await here.rows("select distinct key from revocation where key = any ($1)", list(keys))
    return len(found) == len(keys)


def entry_of(here):
    """An audit entry for what a test does by itself."""
    return made(here.clock(), here.tenant, "test", here.visit())
