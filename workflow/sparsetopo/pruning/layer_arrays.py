"""A read-only mapping {parameter name: array}, one array a layer: what masks and scores are."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


class LayerArrays(Mapping[str, NDArray[Scalar]]):
    """Arrays of a network's layers, in the order of the layers.

    Parameters
    ----------
    arrays
        One array a layer, checked and read-only already.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._arrays = arrays

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
