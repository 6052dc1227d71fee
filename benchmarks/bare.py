"""The bare granian response that figures are held against: 3 KB from memory, nothing looked at."""

from typing import Any

BODY = b"x" * 3072
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/fhir+json"), (b"content-length", b"3072")],
}
REST = {"type": "http.response.body", "body": BODY}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer everything with the same bytes."""
    if scope["type"] == "http":
        await send(START)
        await send(REST)
