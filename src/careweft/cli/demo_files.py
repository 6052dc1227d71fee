"""What the demonstration keeps from one start to the next, in files that only its user may read."""

import json
from pathlib import Path
from typing import Any


def remembered(file: Path) -> dict[str, Any]:
    """What an earlier start kept; nothing where there was none."""
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def remember(file: Path, what: Any) -> None:
    """Keep it for the next start."""
    file.touch(0o600)
    file.write_text(json.dumps(what, indent=2))
