"""Pruning at initialisation: algorithms, the masks they give, and `prune`, the public face.

Algorithms are one file each in ``algorithms/``. This package imports no torch until `prune` is
called.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsetopo import registry
from sparsetopo.pruning.mask import Mask

if TYPE_CHECKING:
    from torch import Tensor, nn

ALGORITHMS = registry.scan(f"{__name__}.algorithms", Path(__file__).parent / "algorithms")

__all__ = ["ALGORITHMS", "Mask", "needs", "prune"]


def needs(algorithm: str) -> str:
    """Say what an algorithm must be given besides the network: "data", "input shape" or "nothing".

    Read from its file without importing it, so that a stage can skip loading what is not used.

    Raises
    ------
    UnknownNameError
        If there is no such algorithm.
    """
    entry = registry.look_up(ALGORITHMS, algorithm, "pruning algorithm")
    stated: str = registry.literals(entry.path, {"NEEDS"}).get("NEEDS", "data")
    return stated


def prune(
    model: "nn.Module",
    algorithm: str,
    sparsity: float | str,
    data: "tuple[Tensor, Tensor] | None" = None,
    seed: int = 0,
    *,
    input_shape: Sequence[int] | None = None,
    stream_labels: Sequence[str | int] = (),
    **options: Any,
) -> Mask:
    """Prune a network at its present weights; the network itself is left as it was, bit for bit.

    Parameters
    ----------
    model
        The network. Weights of convolutions and linear layers are pruned, nothing else.
    algorithm
        Name of an entry of `ALGORITHMS`, e.g. "snip".
    sparsity
        Fraction of the prunable weights to remove, in (0, 1); a string ("0.98") is kept as written.
    data
        (images, labels) of the training set: float (N, C, H, W), normalised, and integer (N,).
        Algorithms that need fewer images sample them; those that need none ignore them.
    seed
        Seed of every random choice: the images sampled, the weights kept at random.
    input_shape
        (C, H, W) of one image, for algorithms that need no more than that; default: that of the
        images.
    stream_labels
        Further labels of the random streams. With (dataset, architecture), random masks of the
        same seed differ between data sets.
    **options
        Options of the algorithm, see the OPTIONS of its file.

    Returns
    -------
    Mask
        True where a weight is kept: exactly round(N * (1 - sparsity)) of the N prunable weights.

    Raises
    ------
    SparsetopoError
        If an argument is invalid, or the scores are not finite.
    """
    from sparsetopo.pruning.run import run

    return run(
        model,
        algorithm,
        sparsity,
        data=data,
        seed=seed,
        input_shape=input_shape,
        stream_labels=stream_labels,
        options=options,
    )
