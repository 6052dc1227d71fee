"""What granian loads in a process of its own: a world whose base URL names the port that the test chose."""

import asyncio
import os
from pathlib import Path

from careweft.web import Front

from .twins import patient, world


def application() -> Front:
    """The doors over twins; a bearer of everything is left in the file that the test names."""
    made = world(base_url=os.environ["CAREWEFT_TEST_BASE"], metrics_open=False)
    made.maple().put(patient("ana"), "ana")
    for number in range(3):
        made.maple().put(patient(f"p{number}"), f"p{number}")
    bearer = asyncio.run(made.bearer("system/*.rs"))
    Path(os.environ["CAREWEFT_TEST_BEARER"]).write_text(bearer["authorization"], encoding="ascii")
    return made.front
