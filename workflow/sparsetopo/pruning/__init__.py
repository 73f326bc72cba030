"""Pruning at initialisation: algorithms, the masks they give, and `prune`, the public face.

Algorithms are one file each in ``algorithms/``. This package imports no torch until `prune` or
`score` is called.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsetopo import registry
from sparsetopo.pruning.mask import Mask
from sparsetopo.pruning.scores import Scores

if TYPE_CHECKING:
    from torch import Tensor, nn

    from sparsetopo.pruning.images import ImageSource

ALGORITHMS = registry.scan(f"{__name__}.algorithms", Path(__file__).parent / "algorithms")

# Options that every algorithm of a study has besides its own: controls of what matters in a mask.
COMMON_OPTIONS: dict[str, dict[str, Any]] = {
    "shuffle": {
        "enum": ["none", "layer"],
        "default": "none",
        "description": "layer: the kept weights are permuted at random within each layer.",
    },
    "train_weights": {
        "enum": ["scored", "redrawn"],
        "default": "scored",
        "description": "redrawn: train other initial weights than those that were scored.",
    },
}

__all__ = [
    "ALGORITHMS",
    "COMMON_OPTIONS",
    "Mask",
    "Scores",
    "is_single_shot",
    "needs",
    "prune",
    "score",
]


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


def is_single_shot(algorithm: str) -> bool:
    """Say whether an algorithm scores once, so that masks of every sparsity follow from `score`.

    Read from its file (the literal SINGLE_SHOT) without importing it.

    Raises
    ------
    UnknownNameError
        If there is no such algorithm.
    """
    entry = registry.look_up(ALGORITHMS, algorithm, "pruning algorithm")
    stated: bool = registry.literals(entry.path, {"SINGLE_SHOT"}).get("SINGLE_SHOT", False)
    return stated


def prune(
    model: "nn.Module",
    algorithm: str,
    sparsity: float | str,
    data: "tuple[Tensor, Tensor] | ImageSource | None" = None,
    seed: int = 0,
    *,
    input_shape: Sequence[int] | None = None,
    stream_labels: Sequence[str | int] = (),
    shuffle: str = "none",
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
        (images, labels) of the training set: float (N, C, H, W), normalised, and integer (N,). Or
        an object with ``labels`` (N,), ``input_shape`` (C, H, W) and ``sample(indices)``, which
        gives the normalised images of these indices, so that a large set is never in memory whole.
        Algorithms that need fewer images sample them; those that need none ignore them.
    seed
        Seed of every random choice: the images sampled, the weights kept at random.
    input_shape
        (C, H, W) of one image, for algorithms that need no more than that; default: that of the
        images.
    stream_labels
        Further labels of the random streams. With (dataset, architecture), random masks of the
        same seed differ between data sets.
    shuffle
        "none", or "layer": the kept weights are permuted at random within each layer afterwards
        (`sparsetopo.pruning.controls`). Recorded in the mask's metadata.
    **options
        Options of the algorithm, see the OPTIONS of its file.

    Returns
    -------
    Mask
        True where a weight is kept: exactly round(N * (1 - sparsity)) of the N prunable weights
        (fewer with ``allocation="released"`` of "er").

    Raises
    ------
    SparsetopoError
        If an argument is invalid, the scores are not finite, or the memory does not suffice.
    """
    from sparsetopo.pruning import run

    request = run.Request(model, algorithm, data, seed, input_shape, stream_labels, options)
    return run.prune(request, sparsity, shuffle)


def score(
    model: "nn.Module",
    algorithm: str,
    data: "tuple[Tensor, Tensor] | ImageSource | None" = None,
    seed: int = 0,
    *,
    input_shape: Sequence[int] | None = None,
    stream_labels: Sequence[str | int] = (),
    **options: Any,
) -> Scores:
    """Score a network's weights once; `Scores.mask` gives the mask of any sparsity.

    ``score(...).mask(sparsity)`` is bit for bit ``prune(..., sparsity)``. The parameters are those
    of `prune`.

    Returns
    -------
    Scores
        One array a prunable weight; the larger a score, the longer the weight is kept.

    Raises
    ------
    SparsetopoError
        If an argument is invalid, the algorithm is not single-shot (`is_single_shot`), the scores
        are not finite, or the memory does not suffice.
    """
    from sparsetopo.pruning import run

    return run.score(run.Request(model, algorithm, data, seed, input_shape, stream_labels, options))
