"""Scores of a single-shot algorithm: masks of every sparsity are selected from them. Torch-free."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.checksums import checksum
from sparsetopo.errors import FileFormatError, MaskError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.pruning.controls import described_mask
from sparsetopo.pruning.layer_arrays import ORIGIN, LayerArrays
from sparsetopo.pruning.mask import Mask
from sparsetopo.pruning.selection import check_finite, checked_sparsity, largest, number_kept
from sparsetopo.version import package_version

FORMAT = "sparsetopo scores 1"


class Scores(LayerArrays[np.floating]):
    """Read-only mapping {parameter name: scores}; weights with larger scores are kept.

    Parameters
    ----------
    arrays
        One array of finite scores a prunable parameter, of the parameter's shape, all float32 or
        all float64, in the order of the network's layers.
    algorithm, seed, initial_weights_digest, metadata
        As in `Mask`. The shuffling of masks depends on the "stream_labels" of the metadata too.

    Raises
    ------
    MaskError
        If there is no layer, a name is not a string, or an array is not as described.
    SparsetopoError
        If a score is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetopo as st
    >>> scores = st.Scores({"fc.weight": np.array([[0.3, 0.1], [0.2, 0.9]])}, algorithm="snip")
    >>> scores.mask(0.5)["fc.weight"]
    array([[ True, False],
           [False,  True]])
    """

    def __init__(
        self,
        arrays: Mapping[str, NDArray[np.floating]],
        *,
        algorithm: str,
        seed: int = 0,
        initial_weights_digest: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        dtypes = ("float32", "float64")
        super().__init__(arrays, dtypes, algorithm, seed, initial_weights_digest, metadata)
        kinds = {array.dtype.name for array in self._arrays.values()}
        if len(kinds) != 1:
            raise MaskError(
                "scores need at least one layer, and the same dtype in all of them, got "
                f"{', '.join(sorted(kinds)) or 'no layer'}."
            )
        check_finite(self._arrays)

    def __repr__(self) -> str:
        return f"<Scores by {self.algorithm}: {self.total} weights in {len(self)} layers>"

    def mask(self, sparsity: float | str, *, shuffle: str = "none") -> Mask:
        """Keep the largest scores over all layers together, and of equal ones the first.

        The parameters and the mask are those of `sparsetopo.pruning.prune`.
        """
        kept = largest(self._arrays, number_kept(self.total, checked_sparsity(sparsity)))
        return described_mask(kept, sparsity, shuffle, **self.origin)

    def save(
        self, path: str | os.PathLike[str], specification: Mapping[str, Any] | None = None
    ) -> None:
        """Write the scores, with the specification that produced them and the package's version."""
        header = {
            "format": FORMAT,
            "package_version": package_version(),
            "specification": specification,
            "digest": checksum(self._arrays),
            "order": list(self),  # safetensors does not keep the order of its arrays
            **self.origin,
        }
        write_tensors(path, self._arrays, header)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Scores":
        """Read a file of `save`; a FileFormatError if it is missing, damaged or holds no scores."""
        arrays, header = read_tensors(path)
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise FileFormatError(f"{path}: this file of sparsetopo holds no scores ('{FORMAT}').")
        try:
            if checksum(arrays) != header["digest"]:
                raise FileFormatError(
                    f"{path}: the scores are not those the file was written with; it is damaged: "
                    "delete it and run again."
                )
            return cls(
                {name: arrays[name] for name in header["order"]},
                **{name: header[name] for name in ORIGIN},
            )
        except KeyError as error:
            raise FileFormatError(f"{path}: the scores lack {error}; they are damaged.") from error
        except MaskError as error:
            raise FileFormatError(f"{path}: not valid scores: {error}") from error
