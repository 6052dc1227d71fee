"""Logos: what is taken, what is refused, and that nothing but pixels is kept (WEB-02)."""

import io
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from careweft.registry.pictures import MOST_BYTES, made_anew, named
from careweft.registry.refusal import RegistrationRefused

SCRIPT = b"<script>alert(1)</script>"


def picture(kind="PNG", size=(40, 20), colour=(200, 30, 30), **more):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


def claimed(width, height):
    """A PNG that says it is so large, in a few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


REFUSED = {
    "nothing": b"",
    "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "a page": b"<!doctype html>" + SCRIPT,
    "a GIF": picture("GIF"),
    "a WebP": picture("WEBP"),
    "a TIFF": picture("TIFF"),
    "a PNG that ends early": picture()[:60],
    "a JPEG that ends early": picture("JPEG")[:200],
    "a PNG in name alone": b"\x89PNG\r\n\x1a\n" + SCRIPT,
    "a JPEG in name alone": b"\xff\xd8\xff" + SCRIPT,
    "an EPS behind the beginning of a JPEG": b"\xff\xd8\xff%!PS-Adobe-3.0 EPSF-3.0",
    "more than 1024 across": picture(size=(1025, 10)),
    "a bomb": claimed(60_000, 60_000),
    "no width": claimed(0, 10),
    "more than 256 KB": picture() + b"x" * MOST_BYTES,
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_picture_is_refused(what):
    with pytest.raises(RegistrationRefused) as refused:
        made_anew(REFUSED[what])
    assert "alert" not in str(refused.value)


INFO = PngInfo()
INFO.add_text("Comment", SCRIPT.decode())
TAKEN = {
    "a PNG": picture(),
    "a JPEG": picture("JPEG"),
    "a PNG with words in it": picture(pnginfo=INFO),
    "a JPEG with words in it": picture("JPEG", comment=SCRIPT),
    "a JPEG with an orientation": picture("JPEG", exif=b"Exif\0\0" + SCRIPT),
    "a page behind a PNG": picture() + SCRIPT,
    "a page behind a JPEG": picture("JPEG") + SCRIPT,
    "one as large as may be": picture(size=(1024, 1024)),
}


@pytest.mark.parametrize("what", TAKEN)
def test_pixels_alone_are_kept(what):
    """A PNG of ours, at most 512 across, without a word that the file held; the same again is the same."""
    made = made_anew(TAKEN[what])
    assert SCRIPT not in made
    assert made_anew(TAKEN[what]) == made
    assert len(named(made)) == 40
    with Image.open(io.BytesIO(made)) as found:
        assert found.format == "PNG"
        assert max(found.size) <= 512
        assert not found.info
        red, green, blue, alpha = found.convert("RGBA").getpixel((5, 5))
    assert (red > 180, green < 60, blue < 60, alpha) == (True, True, True, 255)
