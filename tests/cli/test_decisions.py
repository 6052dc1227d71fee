"""A tenant's decision from a terminal, with the file of the agreement that stands behind it."""

import hashlib
import json
import subprocess
from pathlib import Path

import asyncpg
import pytest

from tests.journeys.town import Installation, installation
from tests.world import Database

pytestmark = pytest.mark.anyio
TENANT = "5d0a3c52-6a31-4a8e-9a0e-0d6c3f7c1e11"
CREATE = (
    "app", "create", "--tenant", TENANT, "--name", "Nightly", "--type", "system", "--access", "provider",
    "--auth", "secret", "--json",
)  # fmt: skip


def refused(at: Installation, *words: str) -> str:
    done = subprocess.run(at.command(*words), capture_output=True, text=True, env=at.env(), timeout=60, check=False)
    assert done.returncode == 1, done.stdout
    return done.stderr


async def test_an_approval_keeps_the_file_of_its_agreement(database: Database, tmp_path: Path):
    """Named by its digest, with the step and in the journal; what is no agreement is said to be none."""
    with installation(database.server_url) as at:
        at.run("tenant", "create", "Northwind", "--id", TENANT)
        client = json.loads(at.run(*CREATE).stdout)["client_id"]
        good, bad = tmp_path / "agreement.md", tmp_path / "agreement.png"
        good.write_text("# Data use\n\nSigned by both.\n")
        bad.write_bytes(b"\x89PNG\r\n\x1a\n\x00")
        approve = ("tenant", "approve", TENANT, client, "--agreement")
        assert "wants to be a PDF, or text" in refused(at, *approve, str(bad))
        assert "No such file" in refused(at, *approve, str(tmp_path / "nowhere.pdf"))
        assert json.loads(at.run(*approve, str(good), "--json").stdout)["state"] == "approved"

    digest = hashlib.sha256(good.read_bytes()).hexdigest()
    admin = await asyncpg.connect(database.admin_url)
    try:
        assert [bytes(row["body"]) for row in await admin.fetch("select body from agreement_file")] == [
            good.read_bytes()
        ]
        steps = await admin.fetch("select agreement from authorization_step where step = 'approve'")
        assert [row["agreement"] for row in steps] == [digest]
        assert await admin.fetchval("select reason from audit where action = 'app approve'") == (
            f"agreement sha256 {digest}"
        )
    finally:
        await admin.close()
