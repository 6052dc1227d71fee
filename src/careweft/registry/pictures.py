"""A logo that somebody sends, made anew (WEB-02): its pixels and nothing else, as a PNG of ours.

PNG and JPEG alone are read, at most 256 KB and 1024 by 1024; what the file said beside its pixels is gone.
"""

import hashlib
import io
import warnings
from typing import Any

from .refusal import RegistrationRefused

MOST_BYTES = 256 * 1024
MOST_PIXELS = 1024
SIDES = (512, 256, 128)
"""Of the one that is kept: the largest whose file is no larger than what may be sent."""
BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}


class PictureRefused(RegistrationRefused):
    """This file is no logo."""

    field = "file"


def made_anew(sent: bytes) -> bytes:
    """The picture as a PNG. Raises PictureRefused."""
    kind = next((kind for begins, kind in BEGINNINGS.items() if sent.startswith(begins)), None)
    if kind is None:
        raise PictureRefused("a logo wants to be a PNG or JPEG file")
    if len(sent) > MOST_BYTES:
        raise PictureRefused(f"a logo wants at most {MOST_BYTES // 1024} KB")
    pixels = drawn(sent, kind)
    for side in SIDES:
        pixels.thumbnail((side, side))
        made = bare(pixels)
        if len(made) <= MOST_BYTES:
            return made
    raise PictureRefused("this picture is too large in whatever size")


def drawn(sent: bytes, kind: str) -> Any:
    """The pixels of a file of this kind. Raises PictureRefused."""
    from PIL import Image  # noqa: PLC0415 - only who takes a picture waits for it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(sent), formats=[kind]) as found:
                if all(0 < side <= MOST_PIXELS for side in found.size):
                    found.load()
                    return found.convert("RGBA")
    except Exception as broken:  # whatever a decoder says of a broken file
        raise PictureRefused("this file cannot be read as a picture") from broken
    raise PictureRefused(f"a logo wants at most {MOST_PIXELS} by {MOST_PIXELS} pixels")


def bare(pixels: Any) -> bytes:
    """The pixels alone, as a PNG."""
    from PIL import Image  # noqa: PLC0415

    out = io.BytesIO()
    Image.frombytes("RGBA", pixels.size, pixels.tobytes()).save(out, "PNG", optimize=True)
    return out.getvalue()


def named(body: bytes) -> str:
    """The name under which it is served: of its content."""
    return hashlib.sha256(body).hexdigest()[:40]
