"""Masks: which weights of a network are kept, and where the choice comes from. Torch-free."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from sparsetopo.errors import FileFormatError, MaskError
from sparsetopo.networks.masks import bool_mask, is_tensor
from sparsetopo.pruning.layer_arrays import ORIGIN, LayerArrays
from sparsetopo.pruning.mask_file import read_mask, write_mask

logger = logging.getLogger(__name__)

# Key of the metadata: names of prunable weights that have no mask, as the output does not depend on them.
WITHOUT_INFLUENCE = "without_influence"


class Mask(LayerArrays[np.bool_]):
    """Read-only mapping {parameter name: bool array}, True where the weight is kept.

    Parameters
    ----------
    arrays
        One bool array a prunable parameter, of the parameter's shape, in the order of the
        network's layers. Tensors are converted (`sparsetopo.networks.masks.bool_mask`).
    algorithm
        Name of the algorithm that made it.
    sparsity
        The sparsity asked for, as written ("0.98"); None: the achieved one.
    seed
        Seed it was made with, if any.
    initial_weights_digest
        `sparsetopo.checksums.checksum` of the weights it was scored on, "" if there were none.
    metadata
        Anything else worth keeping, JSON-able (options, version of the algorithm).

    Raises
    ------
    MaskError
        If it has no layer, a name is not a string, or an array is not bool or is empty.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetopo as st
    >>> mask = st.Mask({"fc.weight": np.array([[True, False], [False, False]])})
    >>> mask.kept, mask.achieved_sparsity, mask.layer_kept
    (1, 0.75, {'fc.weight': 1})
    """

    def __init__(
        self,
        arrays: Mapping[str, Any],
        *,
        algorithm: str = "given",
        sparsity: str | None = None,
        seed: int | None = None,
        initial_weights_digest: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(arrays, Mapping):
            raise MaskError(
                "a mask is made of a mapping {parameter name: bool array}, got "
                f"{type(arrays).__name__}."
            )
        if not arrays:
            raise MaskError("a mask needs at least one layer, got none.")
        arrays = {name: bool_mask(name, a) if is_tensor(a) else a for name, a in arrays.items()}
        super().__init__(arrays, ("bool",), algorithm, seed, initial_weights_digest, metadata)
        self.sparsity = repr(self.achieved_sparsity) if sparsity is None else sparsity

    def __eq__(self, other: object) -> bool:
        """Whether the other mapping keeps the same weights, whatever made it."""
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.keys() == other.keys() and all(
            np.array_equal(array, other[name]) for name, array in self.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"<Mask by {self.algorithm}: {self.kept} of {self.total} weights kept "
            f"({self.achieved_sparsity:.4%} sparse) in {len(self)} layers>"
        )

    @property
    def kept(self) -> int:
        """Number of kept weights."""
        return sum(self.layer_kept.values())

    @property
    def layer_kept(self) -> dict[str, int]:
        """Number of kept weights of every layer."""
        return {name: int(np.count_nonzero(array)) for name, array in self._arrays.items()}

    @property
    def achieved_sparsity(self) -> float:
        """Fraction of all weights that are removed."""
        return 1.0 - self.kept / self.total

    @property
    def layer_sparsities(self) -> dict[str, float]:
        """Fraction of every layer's weights that are removed."""
        return {name: 1.0 - kept / self[name].size for name, kept in self.layer_kept.items()}

    @property
    def collapsed_layers(self) -> list[str]:
        """Layers with no weight left."""
        return [name for name, kept in self.layer_kept.items() if kept == 0]

    def warn_of_collapse(self) -> None:
        """Log a warning that names the layers with no weight left, if there are any."""
        if self.collapsed_layers:
            logger.warning(
                "%s at sparsity %s left no weight in %d of %d layers: %s",
                self.algorithm,
                self.sparsity,
                len(self.collapsed_layers),
                len(self),
                ", ".join(self.collapsed_layers),
            )

    def check_fits(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Check that the mask has exactly a network's prunable weights, with their shapes.

        Weights without an influence on the output, as recorded when the mask was made, may be left
        out. A MaskError names the first that differs.
        """
        for name, shape in shapes.items():
            if name not in self:
                if name in self.metadata.get(WITHOUT_INFLUENCE, ()):
                    continue
                raise MaskError(
                    f"the mask does not fit the network: it has no layer '{name}' "
                    f"(it has {', '.join(self)})."
                )
            if self[name].shape != tuple(shape):
                raise MaskError(
                    f"the mask does not fit the network: its layer '{name}' has shape "
                    f"{self[name].shape}, the network's weight {tuple(shape)}."
                )
        for name in self:
            if name not in shapes:
                raise MaskError(
                    f"the mask does not fit the network: the network has no prunable weight "
                    f"'{name}' (it has {', '.join(shapes)})."
                )

    def record(self) -> dict[str, Any]:
        """Everything but the arrays, JSON-able."""
        return {
            "sparsity": self.sparsity,
            "achieved_sparsity": self.achieved_sparsity,
            "layer_kept": self.layer_kept,
            "collapsed_layers": self.collapsed_layers,
            **self.origin,
        }

    def save(
        self, path: str | os.PathLike[str], specification: Mapping[str, Any] | None = None
    ) -> None:
        """Write the mask, with the specification that produced it and the package's version."""
        write_mask(path, self._arrays, self.record(), specification)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Mask":
        """Read a file of `save`; a FileFormatError if it is missing, damaged or not a mask."""
        arrays, header = read_mask(path)
        try:
            return cls(arrays, **{name: header[name] for name in (*ORIGIN, "sparsity")})
        except KeyError as error:
            raise FileFormatError(f"{path}: the mask file lacks {error}; it is damaged.") from error
        except (MaskError, TypeError, ValueError) as error:
            raise FileFormatError(f"{path}: not a valid mask: {error}") from error
