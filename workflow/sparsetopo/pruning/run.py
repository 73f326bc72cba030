"""`prune` and `score`: check the arguments, run an algorithm, put the network back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from sparsetopo import registry
from sparsetopo.checksums import checksum
from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.arrays import to_arrays
from sparsetopo.networks.memory import named_out_of_memory
from sparsetopo.networks.precision import tf32_only_if_asked
from sparsetopo.networks.prunable import computed_weights, prunable_parameters
from sparsetopo.networks.random_state import seed_torch
from sparsetopo.networks.restore import restored
from sparsetopo.pruning.controls import check_shuffle, described_mask
from sparsetopo.pruning.images import ImageSource, image_source
from sparsetopo.pruning.mask import Mask
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.registry import ALGORITHMS, is_single_shot, memory_options, needs
from sparsetopo.pruning.scores import Scores
from sparsetopo.pruning.selection import checked_sparsity

Data = tuple[Tensor, Tensor] | ImageSource | None


def prune(
    model: nn.Module,
    algorithm: str,
    sparsity: float | str,
    data: Data = None,
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
        gives the normalised images of these indices, so that a large set is never in memory as a
        whole. Algorithms that need few images sample them; those that need none ignore them.
    seed
        Seed of every random choice: the images sampled, the weights kept at random.
    input_shape
        (C, H, W) of one image, for algorithms that need no more than that; default: that of the
        images.
    stream_labels
        Further labels of the random streams. With (dataset, architecture), random masks of the
        same seed differ between data sets.
    shuffle
        "none", or "layer": the kept weights are then permuted at random within each layer
        (`sparsetopo.pruning.controls`). Recorded in the mask's metadata.
    **options
        Options of the algorithm: see OPTIONS in its file.

    Returns
    -------
    Mask
        True where a weight is kept: exactly round(N * (1 - sparsity)) of the N prunable weights
        (fewer with ``allocation="released"`` of "er").

    Raises
    ------
    SparsetopoError
        If an argument is invalid, the scores are not finite, or the memory does not suffice.

    Examples
    --------
    >>> import torch
    >>> import sparsetopo as st
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 10), torch.nn.Linear(10, 2))
    >>> st.prune(model, "erk", sparsity=0.9)
    <Mask by erk: 10 of 100 weights kept (90.0000% sparse) in 2 layers>
    """
    target = checked_sparsity(sparsity)
    check_shuffle(shuffle)
    if is_single_shot(algorithm):
        scores = score(
            model,
            algorithm,
            data,
            seed,
            input_shape=input_shape,
            stream_labels=stream_labels,
            **options,
        )
        return scores.mask(sparsity, shuffle=shuffle)
    problem = _problem(model, algorithm, target, data, seed, input_shape, stream_labels, options)
    with _scoring(problem):
        arrays = ALGORITHMS[algorithm].load().keep(problem)
    mask = described_mask(arrays, sparsity, shuffle, **_description(problem))
    mask.check_fits(problem.shapes)
    return mask


def score(
    model: nn.Module,
    algorithm: str,
    data: Data = None,
    seed: int = 0,
    *,
    input_shape: Sequence[int] | None = None,
    stream_labels: Sequence[str | int] = (),
    **options: Any,
) -> Scores:
    """Score a network's weights once; `Scores.mask` then gives the mask of any sparsity.

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

    Examples
    --------
    >>> import torch
    >>> import sparsetopo as st
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 10), torch.nn.Linear(10, 2))
    >>> images, labels = torch.randn(128, 8), torch.arange(128) % 2
    >>> scores = st.score(model, "snip", data=(images, labels))
    >>> scores.mask(0.9).kept, scores.mask("0.95").kept
    (10, 5)
    """
    if not is_single_shot(algorithm):
        single = ", ".join(name for name in sorted(ALGORITHMS) if is_single_shot(name))
        raise SparsetopoError(
            f"{algorithm} has no scores from which masks of every sparsity follow; "
            f"those that do: {single}."
        )
    problem = _problem(model, algorithm, None, data, seed, input_shape, stream_labels, options)
    with _scoring(problem):
        arrays = to_arrays(ALGORITHMS[algorithm].load().scores(problem))
    return Scores(arrays, **_description(problem))


def _problem(
    model: nn.Module,
    algorithm: str,
    sparsity: float | None,
    data: Any,
    seed: int,
    input_shape: Sequence[int] | None,
    stream_labels: Sequence[str | int],
    options: Mapping[str, Any],
) -> Problem:
    """Check the arguments and put together what the algorithm is given."""
    entry = registry.look_up(ALGORITHMS, algorithm, "pruning algorithm")
    faults = entry.option_problems(options)
    if faults:
        raise SparsetopoError("; ".join(f"{entry.name}: {key}: {fault}" for key, fault in faults))
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise SparsetopoError(f"the seed must be an integer, got {seed!r}.")
    _check_network(model)
    images = _checked_data(algorithm, data)
    return Problem(
        model,
        algorithm,
        sparsity,
        images,
        _checked_input_shape(algorithm, input_shape, images),
        seed,
        tuple(stream_labels),
        {**entry.default_options(), **options},
    )


@contextmanager
def _scoring(problem: Problem) -> Iterator[None]:
    """Let an algorithm work on the network, then restore it.

    torch is seeded, so that dropout gives the same scores every time. If the memory does not
    suffice, the error names the setting to lower.
    """
    algorithm, weights = problem.algorithm, list(problem.parameters.values())
    settings = [f"pruning.{algorithm}.{option}" for option in memory_options(algorithm)]
    advice = f"set {' or '.join(settings)} lower" if settings else "use a device with more"
    with (
        named_out_of_memory(f"{algorithm} ran out of memory while scoring the network: {advice}"),
        restored(problem.model),
        tf32_only_if_asked("float32", weights[0].device),
    ):
        seed_torch(weights, problem.generator("torch"))
        yield


def _description(problem: Problem) -> dict[str, Any]:
    """Where a mask or scores come from: keyword arguments of both classes."""
    return {
        "algorithm": problem.algorithm,
        "seed": problem.seed,
        "initial_weights_digest": checksum(to_arrays(problem.parameters)),
        "metadata": {
            "algorithm_version": ALGORITHMS[problem.algorithm].version,
            "options": dict(problem.options),
            "stream_labels": list(problem.stream_labels),
        },
    }


def _check_network(model: nn.Module) -> None:
    computed = computed_weights(model)
    if computed:
        raise SparsetopoError(
            f"the weight of layer '{computed[0]}' is computed, not a plain parameter: make "
            "torch.nn.utils.prune masks and parametrizations permanent before pruning."
        )
    if not prunable_parameters(model):
        raise SparsetopoError(
            f"{type(model).__name__} has nothing to prune: no convolution and no linear layer."
        )


def _checked_data(algorithm: str, data: Any) -> ImageSource | None:
    if data is None and needs(algorithm) == "data":
        raise SparsetopoError(
            f"{algorithm} needs training images: pass data=(images (N, C, H, W), labels (N,))."
        )
    return None if data is None else image_source(data)


def _checked_input_shape(
    algorithm: str, input_shape: Sequence[int] | None, data: ImageSource | None
) -> tuple[int, ...] | None:
    if input_shape is None:
        if data is not None:
            return tuple(data.input_shape)
        if needs(algorithm) == "input shape":
            raise SparsetopoError(
                f"{algorithm} needs the shape of an image: pass input_shape=(C, H, W), or data."
            )
        return None
    shape = tuple(input_shape)
    if not shape or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in shape):
        raise SparsetopoError(f"the input shape must be positive integers (C, H, W), got {shape}.")
    return shape
