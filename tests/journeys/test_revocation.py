"""On a running server with two workers: a revoked client is out within five seconds, and a key's succession
goes unnoticed."""

import contextlib
import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from careweft import surfaces
from careweft.store.embedded import Embedded
from tests import world
from tests.journeys.canaries import Flock
from tests.journeys.town import (
    App,
    Caller,
    Town,
    feed,
    installation,
    new_app,
    new_tenant,
    system_token,
    token_form,
    within,
)
from tests.platform import MAPLE

SYSTEM = surfaces.find("provider", "system").id


@dataclass
class Pair:
    """A served installation and a connection to each of its two workers."""

    town: Town
    callers: list[Caller]
    apps: list[App] = field(default_factory=list)

    def statuses(self, token: str) -> list[int]:
        """What each worker says to a search with this token."""
        return [one.ask(f"{self.town.base(SYSTEM)}/Patient?_count=1", token).status for one in self.callers]


def each_worker(port: int, workers: int) -> list[Caller]:
    """A connection to every worker: the numbers that a process gives its requests begin alike."""
    found: dict[str, Caller] = {}
    for _ in range(200):
        caller = Caller(port)
        begins = caller.ask("/healthz").headers["x-request-id"][:23]
        if begins in found:
            caller.close()
        else:
            found[begins] = caller
        if len(found) == workers:
            return list(found.values())
        time.sleep(0.05)
    raise AssertionError(f"{len(found)} workers were found, and not {workers}")


@pytest.fixture(scope="module")
def pair(cluster: Embedded) -> Iterator[Pair]:
    with world.borrowed(cluster) as database, installation(database.server_url) as at:
        town = Town(at, database)
        apps: list[App] = []

        async def build(house) -> None:
            tenant = await new_tenant(house, MAPLE, "Maple")
            await feed(house, tenant, Flock(1, 7, "i").marked("m")[:50])
            apps.extend([await new_app(house, tenant, "provider") for _ in range(2)])

        at.inside(build)
        at.serve(workers=2)
        callers = each_worker(at.port, 2)
        yield Pair(town, callers, apps)
        for one in callers:
            one.close()


def issued(pair: Pair, app: App) -> str:
    async def ask(house) -> str:
        return await system_token(house, app)

    return pair.town.at.inside(ask)


def test_a_revoked_client_is_out_within_five_seconds(pair):
    """`careweft app revoke`: its tokens are 401 at every worker, it gets no new ones, and others notice nothing."""
    revoked, other = pair.apps
    dead, alive = (issued(pair, app) for app in pair.apps)
    assert pair.statuses(dead) == pair.statuses(alive) == [200, 200]
    pair.town.at.run("app", "revoke", "--tenant", MAPLE, revoked.id)
    took = within(5, lambda: pair.statuses(dead) == [401, 401])
    url = f"/auth/{MAPLE}/oauth2/v1/token"
    within(5 - took, lambda: [one.ask(url, form=token_form(revoked)).status for one in pair.callers] == [401, 401])
    assert pair.statuses(alive) == [200, 200]
    assert [one.ask(url, form=token_form(other)).status for one in pair.callers] == [200, 200]
    rows = pair.town.sql("select client from audit where action = 'app suspend'")
    assert [row["client"] for row in rows] == [revoked.id]


def test_a_token_taken_back_is_out_within_five_seconds(pair):
    """RFC 7009 at one worker is heard by the other; the client's other token goes on."""
    app = pair.apps[1]
    dead, alive = issued(pair, app), issued(pair, app)
    assert pair.statuses(dead) == pair.statuses(alive) == [200, 200]
    form = [("token", dead), *token_form(app)[2:]]
    assert pair.callers[0].ask(f"/auth/{MAPLE}/oauth2/v1/revoke", form=form).status == 200
    assert pair.statuses(dead)[0] == 401
    within(5, lambda: pair.statuses(dead) == [401, 401])
    asked = pair.callers[1].ask(f"/auth/{MAPLE}/oauth2/v1/introspect", form=form).json
    assert asked == {"active": False}
    assert pair.statuses(alive) == [200, 200]


def kid(token: str) -> str:
    head = token.partition(".")[0]
    return str(json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


@dataclass
class Clients:
    """Callers that read and ask for tokens all the time; what was not as it should be is in `wrong`."""

    pair: Pair
    app: App
    tokens: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    reads: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        with contextlib.closing(Caller(self.pair.town.at.port)) as caller:
            while not self.stopping.is_set():
                came = caller.ask(f"/auth/{MAPLE}/oauth2/v1/token", form=token_form(self.app))
                self.tokens.append(came.json["access_token"] if came.status == 200 else "")
                published = {one["kid"] for one in caller.ask(f"/auth/{MAPLE}/oauth2/v1/jwks").json["keys"]}
                for token in (self.tokens[0], self.tokens[-1]):
                    status = caller.ask(f"{self.pair.town.base(SYSTEM)}/Patient?_count=1", token).status
                    self.reads += 1
                    if status != 200 or kid(token) not in published:
                        self.wrong.append(f"{status} for a token of {kid(token)}")
                time.sleep(0.02)


def published(caller):
    """The names of the keys of access tokens, as a worker publishes them now."""
    told = caller.ask(f"/auth/{MAPLE}/oauth2/v1/jwks").json["keys"]
    return [one["kid"] for one in told if one["alg"] == "ES256"]


def test_a_key_s_succession_fails_no_verification(pair):
    """`careweft keys rotate` while two clients read: published first, signing later, and never a token that is
    not believed."""
    clients = Clients(pair, pair.apps[1])
    threads = [threading.Thread(target=clients.work) for _ in range(2)]
    for one in threads:
        one.start()
    try:
        within(10, lambda: len(clients.tokens) > 3)
        first = kid(clients.tokens[0])
        pair.town.at.run("keys", "rotate", "--tenant", MAPLE)
        keys = published(pair.callers[0])
        within(6, lambda: all(len(published(one)) == 2 for one in pair.callers))
        assert {kid(one) for one in clients.tokens} == {first}, (keys, "the successor signs once caches have seen it")
        # The eleven minutes pass, but for as long as a worker takes what it read as it is: each still learns when the
        # successor begins before it does, as each would in eleven minutes.
        pair.town.sql("update signing_key set since = now() + interval '15 seconds' where until is null")
        pair.town.sql("update signing_key set until = now() + interval '15 seconds' where until is not null")
        within(40, lambda: kid(clients.tokens[-1]) != first)
        seen = len(clients.tokens)
        within(10, lambda: len(clients.tokens) > seen + 10)
    finally:
        clients.stopping.set()
        for one in threads:
            one.join()
    assert not clients.wrong
    assert clients.reads > 30
    assert pair.statuses(clients.tokens[0]) == pair.statuses(clients.tokens[-1]) == [200, 200]
