"""P13: the token endpoint with private_key_jwt ES384, against the bare verification of the signature."""

import http.client
import json
import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from . import rig
from .home import TENANT, Home, careweft, home

CONNECTIONS = 16
PATH = f"/auth/{TENANT}/oauth2/v1/token"
TOKENS = int(os.environ.get("BENCH_TOKENS", "1600"))


def measure() -> rig.Figure:
    """Processor microseconds of server and database a token, and of one verification alone."""
    made, alone = [], []
    with home() as one:
        key, client = registered(one)
        issued(one, key, client, 20)
        for _ in range(rig.ROUNDS):
            made.append(issued(one, key, client, TOKENS))
            alone.append(verified())
    ours, bare = rig.middle(made), rig.middle(alone)
    return rig.Figure(
        "P13", "token endpoint, private_key_jwt ES384", bare / ours, 0.4, True, "the bare signature verification",
        details=(f"CPU a token, server and database: {ours:.0f} us; a verification {bare:.0f} us",),
    )  # fmt: skip


def registered(one: Home) -> tuple[ECKey, str]:
    """A backend service with a key of P-384."""
    key = ECKey.generate_key("P-384", {"kid": "bench", "alg": "ES384", "use": "sig"})
    file = Path(one.data.parent) / "bench.jwks"
    file.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    app = careweft(
        one.data, "app", "create", "--tenant", TENANT, "--name", "keyed", "--type", "system", "--access", "provider",
        "--auth", "private-key-jwt", "--jwks", str(file), "--approve", url=one.url,
    )  # fmt: skip
    return key, app["client_id"]


def issued(one: Home, key: ECKey, client: str, count: int) -> float:
    """Microseconds of processor time a token, over some connections at once; the assertions are signed before."""
    bodies = [form(f"{one.url}{PATH}", key, client) for _ in range(count)]
    before = rig.cpu([one.server, one.database])
    with ThreadPoolExecutor(CONNECTIONS) as callers:
        list(callers.map(lambda at: ask(one, bodies[at::CONNECTIONS]), range(CONNECTIONS)))
    return 1e6 * (rig.cpu([one.server, one.database]) - before) / count


def ask(one: Home, bodies: list[str]) -> None:
    """A token for each, over one connection."""
    connection = http.client.HTTPConnection(one.url.removeprefix("http://"), timeout=30)
    for body in bodies:
        connection.request("POST", PATH, body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the token endpoint said {answer.status}: {said[:300]!r}")
    connection.close()


def form(url: str, key: ECKey, client: str) -> str:
    now = int(time.time())
    claims = {"iss": client, "sub": client, "aud": url, "iat": now, "exp": now + 240, "jti": str(uuid.uuid4())}
    signed = jwt.encode({"alg": "ES384", "kid": "bench", "typ": "JWT"}, claims, key, algorithms=["ES384"])
    return urlencode({
        "grant_type": "client_credentials", "scope": "system/*.rs", "client_assertion": signed,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    })  # fmt: skip


def verified() -> float:
    """Microseconds of processor time of one ES384 verification."""
    private = ec.generate_private_key(ec.SECP384R1())
    text, method = b"x" * 400, ec.ECDSA(hashes.SHA384())
    signature, public = private.sign(text, method), private.public_key()
    began = time.process_time()
    for _ in range(TOKENS):
        public.verify(signature, text, method)
    return 1e6 * (time.process_time() - began) / TOKENS
