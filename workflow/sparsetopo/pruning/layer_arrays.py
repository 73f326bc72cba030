"""A read-only mapping {parameter name: array}, one array a layer: what masks and scores are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import MaskError

Scalar = TypeVar("Scalar", bound=np.generic)


class LayerArrays(Mapping[str, NDArray[Scalar]]):
    """Read-only copies of one array a layer, of certain dtypes, in the order of the layers.

    A MaskError says if a name is not a string, or an array is of another dtype, empty or a scalar.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], dtypes: Sequence[str]) -> None:
        self._arrays = {name: _read_only(name, array, dtypes) for name, array in arrays.items()}

    def __getitem__(self, name: str) -> NDArray[Scalar]:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    @property
    def total(self) -> int:
        """Number of weights, kept or not."""
        return sum(array.size for array in self._arrays.values())


def _read_only(name: Any, array: Any, dtypes: Sequence[str]) -> NDArray[Any]:
    """Read-only copy of one layer's array, checked."""
    if not isinstance(name, str) or not name:
        raise MaskError(f"layers are named by non-empty strings, got {name!r}.")
    if not isinstance(array, np.ndarray) or array.dtype.name not in dtypes:
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise MaskError(
            f"layer '{name}' must be a NumPy array of {' or '.join(dtypes)}, got {kind}."
        )
    if array.size == 0 or array.ndim == 0:
        raise MaskError(f"layer '{name}' must have at least one weight, got shape {array.shape}.")
    copy = np.array(array, order="C")
    copy.flags.writeable = False
    return copy
