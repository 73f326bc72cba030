"""A read-only mapping {parameter name: array}, one array a layer: what masks and scores are."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import MaskError

Scalar = TypeVar("Scalar", bound=np.generic)

# What masks and scores record of where they come from.
ORIGIN = ("algorithm", "seed", "initial_weights_digest", "metadata")


class LayerArrays(Mapping[str, NDArray[Scalar]]):
    """Read-only copies of one array a layer, of certain dtypes, in the order of the layers.

    A MaskError says if a name is not a string, or an array is of another dtype, empty or a scalar.
    The other parameters are those of `sparsetopo.pruning.mask.Mask`.
    """

    def __init__(
        self,
        arrays: Mapping[str, NDArray[Any]],
        dtypes: Sequence[str],
        algorithm: str,
        seed: int | None,
        initial_weights_digest: str,
        metadata: Mapping[str, Any] | None,
    ) -> None:
        self._arrays = {name: _read_only(name, array, dtypes) for name, array in arrays.items()}
        self.algorithm = algorithm
        self.seed = seed
        self.initial_weights_digest = initial_weights_digest
        self.metadata: Mapping[str, Any] = MappingProxyType(dict(metadata or {}))

    @property
    def origin(self) -> dict[str, Any]:
        """Where the arrays come from: the keyword arguments `ORIGIN`, JSON-able."""
        return {name: getattr(self, name) for name in ORIGIN} | {"metadata": dict(self.metadata)}

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
