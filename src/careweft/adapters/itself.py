"""HTTP with this installation's own address: how the demonstration's applications reach it, as any other would."""

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 20.0


class Elsewhere(ValueError):
    """The demonstration's applications speak with this installation and nobody else."""


class Itself:
    """A client that goes to `base_url` only. In preview alone: nothing else may have it."""

    __slots__ = ("_base",)

    def __init__(self, base_url: str) -> None:
        self._base = base_url

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> tuple[int, Any]:
        """Status and JSON of the answer, None where it has none, to a form or to the JSON `told`.

        Raises OSError, Elsewhere.
        """
        import httpx  # noqa: PLC0415 - takes longer to load than a start should

        if not url.startswith(f"{self._base}/"):
            raise Elsewhere
        try:
            async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=LONGEST) as client:
                answer = await client.request(method, url, headers=dict(headers or {}), data=form, json=told)
        except httpx.HTTPError as failure:
            raise ConnectionError(f"{self._base} does not answer: {type(failure).__name__}") from None
        try:
            return answer.status_code, json.loads(answer.content) if answer.content else None
        except ValueError:
            return answer.status_code, None
