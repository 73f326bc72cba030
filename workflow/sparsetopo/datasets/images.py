"""Image files as uint8 arrays: decoding, colours and size."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sparsetopo.errors import DataError

_GREY = frozenset({"1", "L", "LA"})
# Pillow's modes that it converts to grey and to RGB. Conversions of more than 8 bits would clip, not scale.
_CONVERTIBLE = _GREY | {"P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"}
# Of its formats with several pictures in a file: what phones write; the others are smaller copies of the first.
_WITH_PREVIEWS = frozenset({"MPO"})


def decode(content: bytes, where: str) -> Image.Image:
    """Decode the bytes of an image file, which `where` names in a message.

    A DataError says if it is damaged, of an unknown format, holds several pictures, or has more than 8 bits per channel
    or colours that cannot be converted.
    """
    try:
        image = Image.open(io.BytesIO(content))
        # Pillow halves deep colours as it reads them: numbers of 12 bits would become nearly black.
        deep = [tile for tile in getattr(image, "tile", ()) if ";16" in str(tile[3])]
        frames = getattr(image, "n_frames", 1)
        image.load()
    except UnidentifiedImageError:
        raise DataError(
            f"{where}: is not an image in a known format; replace or delete it."
        ) from None
    except MemoryError:
        raise
    except Exception as error:  # readers of many formats, each with its own exceptions
        raise DataError(f"{where}: is a damaged image ({error}); replace or delete it.") from error
    if frames > 1 and image.format not in _WITH_PREVIEWS:
        raise DataError(
            f"{where}: holds {frames} pictures (an animation, or pages), of which an image file may have one; save the "
            f"wanted one by itself."
        )
    if deep or image.mode.startswith(("I", "F")):
        mode = image.mode if image.mode.startswith(("I", "F")) else deep[0][3]
        raise DataError(
            f"{where}: has pixels of Pillow's mode '{mode}', but images must have at most 8 bits per channel; "
            f"convert it, e.g. to an 8-bit PNG."
        )
    if image.mode not in _CONVERTIBLE:
        raise DataError(
            f"{where}: has pixels of Pillow's mode '{image.mode}', which cannot be converted to grey or RGB; save "
            f"it as an RGB image."
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
