"""Order of the axes of image arrays: inferred from a shape, and changed to (N, C, H, W)."""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import DataError

_CHANNELS = (1, 3)  # numbers of channels that are recognised as such


def find_layout(where: str, shape: tuple[int, ...], layout: str) -> str:
    """Return the layout of images of a shape: "NHWC", "NCHW" or "NHW".

    If `layout` is "auto", three axes are grey images; of four, the axis of the channels is the last or
    the second, whichever has length 1 or 3. `where` names the array in the message of the DataError that
    is raised if the shape does not fit the layout, or fits none or two of them.
    """
    if layout != "auto":
        if len(shape) != len(layout):
            raise DataError(
                f"{where} has shape {shape}, which has {len(shape)} axes; with the layout {layout} it must have "
                f"{len(layout)}."
            )
        return layout
    if len(shape) == 3:
        return "NHW"
    if len(shape) != 4:
        raise DataError(
            f"{where} has shape {shape}; images must have 3 axes (N, H, W) or 4, (N, H, W, C) or (N, C, H, W)."
        )
    first, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
    if first == last:
        found = "both the second and the last" if first else "neither the second nor the last"
        raise DataError(
            f"{where} has shape {shape}, of which {found} axis can be that of 1 or 3 channels; give the option "
            f"'layout', NHWC or NCHW."
        )
    return "NCHW" if first else "NHWC"


def channels_first(where: str, images: NDArray[np.uint8], layout: str) -> NDArray[np.uint8]:
    """Images of a layout as a contiguous array (N, C, H, W); a DataError if the axes do not fit."""
    find_layout(where, images.shape, layout)
    if layout == "NHW":
        images = images[:, None]
    elif layout == "NHWC":
        images = images.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(images)
