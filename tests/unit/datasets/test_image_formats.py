"""Image files of every mode and depth: decoded as they look, or refused by name; never a traceback."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sparsetopo.datasets.images import as_array, decode, in_channels
from sparsetopo.errors import DataError

COLOURS = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def deep_png(colour, channels):
    """A PNG of 16 bits per channel with one of its types of colour, which Pillow cannot write."""
    rows = np.random.default_rng(1).integers(0, 4096, (4, 4 * channels)).astype(">u2")
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", 4, 4, 16, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("1", "PNG"),
        ("L", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("RGB", "PNG"),
        ("RGBA", "PNG"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("YCbCr", "TIFF"),
        ("RGB", "MPO"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_modes_of_8_bits_are_converted(mode, form, channels):
    image = Image.fromarray(COLOURS).convert(mode)
    pixels = as_array(in_channels(decode(saved(image, form), "x"), channels))
    assert (pixels.shape, pixels.dtype) == ((channels, 16, 16), np.uint8)
    if channels == 3 and form in ("PNG", "TIFF") and mode != "YCbCr":
        assert np.array_equal(pixels, np.asarray(image.convert("RGB")).transpose(2, 0, 1))


@pytest.mark.parametrize("alpha", [0, 128])
def test_transparency_is_dropped_not_blended(alpha):
    image = Image.fromarray(np.dstack([COLOURS, np.full((16, 16), alpha, np.uint8)]))
    pixels = as_array(in_channels(decode(saved(image, "PNG"), "x"), 3))
    assert np.array_equal(pixels, COLOURS.transpose(2, 0, 1))


def test_colours_that_pillow_cannot_convert_are_refused():
    content = saved(Image.new("LAB", (8, 8)), "TIFF")
    with pytest.raises(DataError, match=r"x\.tif: has pixels of Pillow's mode 'LAB', which cannot"):
        decode(content, "x.tif")


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bits_per_channel_are_refused_in_every_colour(colour, channels):
    with pytest.raises(DataError, match=r"mode '[A-Z]+;16B?', but .* at most 8 bits per channel"):
        decode(deep_png(colour, channels), "x.png")


@pytest.mark.parametrize("mode", ["I", "F"])
def test_numbers_of_32_bits_are_refused(mode):
    with pytest.raises(DataError, match=f"mode '{mode}', but .* at most 8 bits per channel"):
        decode(saved(Image.new(mode, (4, 4)), "TIFF"), "x.tif")


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "GIF"])
def test_several_pictures_in_a_file_are_refused(form):
    more = [Image.fromarray(255 - COLOURS), Image.fromarray(COLOURS // 2)]
    content = saved(Image.fromarray(COLOURS), form, save_all=True, append_images=more)
    with pytest.raises(DataError, match="x: holds 3 pictures"):
        decode(content, "x")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "PPM"])
def test_whatever_is_cut_off_or_changed_is_no_traceback(form):
    content = saved(Image.fromarray(COLOURS), form)
    for share in (0.0, 0.02, 0.3, 0.8, 0.95):
        with pytest.raises(DataError, match=r"x: is (not an image|a damaged image)"):
            decode(content[: int(share * len(content))], "x")
    random = np.random.default_rng(0)
    for place in random.integers(0, len(content), 200):
        changed = bytearray(content)
        changed[place] ^= int(random.integers(1, 256))
        with contextlib.suppress(DataError):
            in_channels(decode(bytes(changed), "x"), 3)
