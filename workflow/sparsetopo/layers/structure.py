"""Which regular patterns the mask of a layer follows: dead channels, N:M sparsity, blocks.

A layer's weights are seen as one matrix of output channels by input channels for each group of the convolution and each
position of its kernel; a linear layer has one. Patterns lie within these matrices.

- An input channel is *dead* if no weight that reads it is kept, an output channel if none that writes it is.
- *N:M*: of M consecutive input channels, counted from the first, at most N weights are kept. This is how sparse tensor
  cores want it (2:4), and how libraries apply it to convolutions: along the input channels, position by position.
- *RxC blocks*: R consecutive output channels by C consecutive input channels, all kept or all pruned.

What is left over at the end of a row or column, fewer than M or than a whole block, is judged like the others.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import UsageError
from sparsetopo.layers.bge import PLAIN, LayerKind, kept_kernels

PATTERNS = ("1:4", "2:4", "4:8")
BLOCKS = ("1x4", "4x4")

Record = dict[str, str | int | float | None]


def structure_records(
    masks: Mapping[str, NDArray[np.bool_]],
    kinds: Mapping[str, LayerKind] | None = None,
    *,
    patterns: Iterable[str] = PATTERNS,
    blocks: Iterable[str] = BLOCKS,
) -> list[Record]:
    """How many weights each layer keeps, and how regular they lie.

    Parameters
    ----------
    masks
        {parameter: bool array}, True where the weight is kept, in the shapes of PyTorch.
    kinds
        {parameter: kind} of layers that are grouped or transposed (`sparsetopo.layers.layer_kinds`).
    patterns
        N:M patterns, such as "2:4".
    blocks
        Blocks of output by input channels, such as "4x4".

    Returns
    -------
    list of dict
        name, shape ("16x3x3x3"), weights (how many are kept), parameters (how many there are), density,
        dead_inputs, inputs, dead_outputs, outputs (channels); then, under its own name, the share of each N:M pattern's
        groups that conform to it, and the share of the blocks of each size that are wholly kept or wholly pruned.

    Raises
    ------
    UsageError
        If a pattern or block is not written so, or N is not less than M.
    EncodingError, MaskError
        If a mask is not that of a layer.

    Examples
    --------
    >>> mask = np.array([[True, False, True, False], [True, True, True, False]])
    >>> (record,) = structure_records({"fc": mask}, patterns=["2:4"], blocks=["2x1"])
    >>> record["weights"], record["dead_inputs"], record["2:4"], record["2x1"]
    (5, 1, 0.5, 0.75)
    """
    known_patterns = {text: read_pattern(text) for text in patterns}
    known_blocks = {text: read_block(text) for text in blocks}
    records: list[Record] = []
    for name, mask in masks.items():
        kernels = kept_kernels(mask, (kinds or {}).get(name, PLAIN), name)
        groups, outputs, inputs, _ = kernels.shape
        kept = int(np.count_nonzero(kernels))
        records.append(
            {
                "name": name,
                "shape": "x".join(map(str, mask.shape)),
                "weights": kept,
                "parameters": mask.size,
                "density": kept / mask.size,
                "dead_inputs": int(np.count_nonzero(~kernels.any(axis=(1, 3)))),
                "inputs": groups * inputs,
                "dead_outputs": int(np.count_nonzero(~kernels.any(axis=(2, 3)))),
                "outputs": groups * outputs,
                **{text: _conforming(kernels, *sizes) for text, sizes in known_patterns.items()},
                **{text: _in_blocks(kernels, *sizes) for text, sizes in known_blocks.items()},
            }
        )
    return records


def read_pattern(text: str) -> tuple[int, int]:
    """N and M of an N:M pattern.

    Examples
    --------
    >>> read_pattern("2:4")
    (2, 4)
    """
    found = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", text, re.ASCII)
    if not found or int(found[1]) >= int(found[2]):
        raise UsageError(
            f"'{text}' is no N:M pattern; write two whole numbers, the first the smaller one, as in 2:4."
        )
    return int(found[1]), int(found[2])


def read_block(text: str) -> tuple[int, int]:
    """Output channels and input channels of a block.

    Examples
    --------
    >>> read_block("1x4")
    (1, 4)
    """
    found = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", text, re.ASCII)
    if not found:
        raise UsageError(
            f"'{text}' is no block; write the numbers of output and input channels joined by x, as in 4x4."
        )
    return int(found[1]), int(found[2])


def _conforming(kernels: NDArray[np.bool_], most: int, length: int) -> float:
    """Share of the runs of `length` inputs that keep at most so many weights."""
    starts = np.arange(0, kernels.shape[2], length)
    return float(np.mean(np.add.reduceat(kernels, starts, axis=2, dtype=np.int64) <= most))


def _in_blocks(kernels: NDArray[np.bool_], rows: int, columns: int) -> float:
    """Share of the blocks of (rows, columns) that are all kept or all pruned."""
    _, outputs, inputs, _ = kernels.shape
    tops, lefts = np.arange(0, outputs, rows), np.arange(0, inputs, columns)
    by_row = np.add.reduceat(kernels, tops, axis=1, dtype=np.int64)
    kept = np.add.reduceat(by_row, lefts, axis=2)
    sizes = np.outer(np.diff([*tops, outputs]), np.diff([*lefts, inputs]))[None, :, :, None]
    return float(np.mean((kept == 0) | (kept == sizes)))
