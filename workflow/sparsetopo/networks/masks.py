"""Masks as people have them, turned into bool arrays. Torch-free: tensors are known by torch itself, if it is there."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import MaskError


def bool_mask(name: str, value: Any) -> NDArray[np.bool_]:
    """Convert one mask to a bool array, True where the weight is kept.

    Parameters
    ----------
    name
        Whose mask it is, for the message.
    value
        Bool, or numbers that are all 0 or 1: an array, a tensor of any dtype, layout (COO, CSR, ...) and device, a
        sparse matrix of scipy, or nested lists of numbers or tensors.

    Raises
    ------
    MaskError
        If it is none of these, has no data (device "meta"), or holds other numbers.

    Examples
    --------
    >>> bool_mask("fc.weight", [[1, 0], [0, 1]])
    array([[ True, False],
           [False,  True]])
    """
    array = _array(name, value)
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind not in "iuf":
        raise MaskError(
            f"the mask of '{name}' has type {array.dtype}, but must be bool, or hold only 0 and 1."
        )
    other = (array != 0) & (array != 1)
    if other.any():
        raise MaskError(
            f"the mask of '{name}' (type {array.dtype}) holds {array[other][0]:.6g}, but must be bool, or hold only 0 "
            "and 1; if these are weights, `weight != 0` is their mask."
        )
    return array.astype(bool)


def is_tensor(value: Any) -> bool:
    """Whether a value is a tensor of torch, which is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _array(name: str, value: Any) -> NDArray[Any]:
    """Values of a mask, whatever holds them, as an array."""
    if is_tensor(value):
        if value.is_meta:
            raise MaskError(f"the mask of '{name}' is on the device 'meta', which holds no values.")
        return _dense(name, value)
    if isinstance(value, Sequence) and _holds_tensors(value):
        value = [_array(name, part) for part in value]
    elif hasattr(value, "toarray"):  # scipy's sparse matrices, which NumPy takes for scalars
        value = value.toarray()
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _unreadable(name, value, error) from error


def _holds_tensors(value: Any) -> bool:
    """Whether nested lists end in tensors, by their first items."""
    while isinstance(value, Sequence) and not isinstance(value, str) and value:
        value = value[0]
    return hasattr(value, "detach")


def _dense(name: str, tensor: Any) -> NDArray[Any]:
    """Values of a tensor of any layout and dtype."""
    try:
        dense = tensor.detach().to_dense().cpu()
        if dense.is_quantized:
            dense = dense.dequantize()
        if dense.is_floating_point():
            dense = dense.float()  # NumPy has no bfloat16, and no 0 or 1 is lost
        array: NDArray[Any] = dense.numpy()
    except (TypeError, ValueError, RuntimeError, NotImplementedError) as error:
        raise _unreadable(name, tensor, error) from error
    return array


def _unreadable(name: str, value: Any, error: Exception) -> MaskError:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return MaskError(
        f"the mask of '{name}' (a {type(value).__name__}) has no values that can be read as an array of the weight's "
        f"shape: {reason}"
    )
