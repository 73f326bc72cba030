"""Image files as uint8 arrays: decoding, colours and size."""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sparsetopo.errors import DataError

_GREY = frozenset({"1", "L", "LA", "La"})
# Pillow's modes of at most 8 bits per channel; a conversion would clip wider ones, not scale them.
_EIGHT_BITS = _GREY | {"P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"}
# What Pillow's readers raise on damaged files, besides its own.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


def decode(content: bytes, where: str) -> Image.Image:
    """Decode the bytes of an image file, which `where` names in a message.

    A DataError says if it is damaged, of an unknown format, or has more than 8 bits per channel.
    """
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
    except UnidentifiedImageError:
        raise DataError(
            f"{where}: is not an image in a known format; replace or delete it."
        ) from None
    except (*_DAMAGE, Image.DecompressionBombError) as error:
        raise DataError(f"{where}: is a damaged image ({error}); replace or delete it.") from error
    if image.mode not in _EIGHT_BITS:
        raise DataError(
            f"{where}: has pixels of Pillow's mode '{image.mode}', but images must have at most 8 bits per channel; "
            f"convert it, e.g. to an 8-bit PNG."
        )
    return image


def is_grey(image: Image.Image) -> bool:
    """Whether an image stores no colours."""
    return image.mode in _GREY


def in_channels(image: Image.Image, channels: int) -> Image.Image:
    """Convert to 1 or 3 channels.

    Colours become Pillow's grey, the luma of ITU-R 601-2. Transparency is dropped (``docs/datasets.md``).
    """
    return image.convert("L" if channels == 1 else "RGB")


def square(image: Image.Image, size: int) -> Image.Image:
    """Crop the largest square at the centre and resize it to `size` x `size` pixels.

    Larger squares are averaged over boxes (``BOX``), smaller ones interpolated (``BICUBIC``). If an
    odd number of pixels is cut off, the extra one is on the right or at the bottom.
    """
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    if side == size:
        return image
    method = Image.Resampling.BOX if side > size else Image.Resampling.BICUBIC
    return image.resize((size, size), method)


def as_array(image: Image.Image) -> NDArray[np.uint8]:
    """Pixels of an image with 1 or 3 channels: uint8, shape (channels, height, width)."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
