"""`prune` and `score`: check the arguments, run an algorithm, put the network back."""

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import torch
from torch import nn

from sparsetopo.checksums import checksum
from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.arrays import to_arrays
from sparsetopo.networks.memory import named_out_of_memory
from sparsetopo.networks.precision import tf32_only_if_asked
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.networks.random_state import SEEDED_BY_ONE, seed_torch
from sparsetopo.networks.restore import restored
from sparsetopo.networks.running.eager import differentiable_eagerly
from sparsetopo.networks.running.widened import HALF, Widening, widen
from sparsetopo.pruning.arguments import make_problem
from sparsetopo.pruning.controls import check_shuffle, described_mask
from sparsetopo.pruning.mask import WITHOUT_INFLUENCE, Mask
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.registry import ALGORITHMS, is_single_shot, memory_options, needs
from sparsetopo.pruning.scores import Scores
from sparsetopo.pruning.selection import check_finite, check_nonzero, checked_sparsity

logger = logging.getLogger(__name__)

P = ParamSpec("P")
Result = TypeVar("Result")


def _one_at_a_time(function: Callable[P, Result]) -> Callable[P, Result]:
    """Let one thread after the other run a function that seeds torch's generators and puts them back."""

    @functools.wraps(function)
    def alone(*args: P.args, **kwargs: P.kwargs) -> Result:
        with SEEDED_BY_ONE:
            return function(*args, **kwargs)

    return alone


@_one_at_a_time
def prune(
    model: nn.Module,
    algorithm: str,
    sparsity: float | str,
    data: Any = None,
    seed: int = 0,
    *,
    input_shape: Sequence[int] | None = None,
    example: Any = None,
    stream_labels: Sequence[str | int] = (),
    shuffle: str = "none",
    **options: Any,
) -> Mask:
    """Prune a network at its present weights; the network itself is left as it was, bit for bit.

    Torch's random generators are seeded meanwhile and then put back, so prunings in several threads go one after the
    other, and other threads should not draw from them.

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
        In place of images: token ids, or a tuple or mapping of inputs. Or a data set or DataLoader
        of pairs (image, label), of which the data set is used. Or an object with ``labels`` (N,),
        ``input_shape`` (C, H, W) and ``sample(indices)``, which gives the normalised images of
        these indices, so that a large set is never in memory as a whole. Algorithms that need few
        images sample them; those that need none look at one, to see which layers it passes.
    seed
        Seed of every random choice: the images sampled, the weights kept at random.
    input_shape
        (C, H, W) of one image, for algorithms that need no more than that; default: that of the
        images.
    example
        What the network is called with, if it is not one image: a tensor, a tuple of positional
        arguments or a mapping of keyword arguments, with a batch of one.
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
        (another number with ``allocation="released"`` of "er"). Layers without an influence on the output
        are named in a warning, count for nothing and are not in the mask: they stay whole, as all
        parameters without a mask do. Nothing is known of them if there is no data, input shape or
        example.

    Raises
    ------
    SparsetopoError
        If an argument is invalid, the network cannot be scored (it has no gradient somewhere, or
        scores that are not finite, all zero in a layer, or rounding noise), or the memory does not
        suffice.

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
            example=example,
            stream_labels=stream_labels,
            **options,
        )
        return scores.mask(sparsity, shuffle=shuffle)
    problem = make_problem(
        model, algorithm, target, data, seed, input_shape, example, stream_labels, options
    )
    with _scoring(problem):
        arrays = ALGORITHMS[algorithm].load().keep(problem)
    _notice_one_class(problem)
    mask = described_mask(arrays, sparsity, shuffle, **_description(problem))
    mask.check_fits(problem.shapes)
    return mask


@_one_at_a_time
def score(
    model: nn.Module,
    algorithm: str,
    data: Any = None,
    seed: int = 0,
    *,
    input_shape: Sequence[int] | None = None,
    example: Any = None,
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
        If the algorithm is not single-shot (`is_single_shot`), or for the reasons of `prune`.

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
    problem = make_problem(
        model, algorithm, None, data, seed, input_shape, example, stream_labels, options
    )
    with _scoring(problem):
        zero = problem.zero_weights
        arrays = to_arrays(ALGORITHMS[algorithm].load().scores(problem))
    _notice_one_class(problem)
    check_finite(arrays)
    check_nonzero(algorithm, arrays, zero)
    return Scores(arrays, **_description(problem))


@contextmanager
def _scoring(problem: Problem) -> Iterator[None]:
    """Let an algorithm work on the network, then restore it.

    torch is seeded, so that dropout gives the same scores every time. Half precision is too coarse
    to rank weights: float16 and bfloat16 networks are scored in float32. If the memory does not
    suffice, the error names the setting to lower.
    """
    algorithm, weights = problem.algorithm, list(problem.parameters.values())
    settings = [f"pruning.{algorithm}.{option}" for option in memory_options(algorithm)]
    advice = f"set {' or '.join(settings)} lower" if settings else "use a device with more"
    with (
        named_out_of_memory(f"{algorithm} ran out of memory while scoring the network: {advice}"),
        differentiable_eagerly(),
        restored(problem.model),
        tf32_only_if_asked("float32", weights[0].device),
    ):
        seed_torch(weights, problem.generator("torch"))
        if all(weight.dtype not in HALF for weight in weights):
            yield
            return
        widen(problem.model, torch.float32)
        with Widening(torch.float32):
            yield


def _notice_one_class(problem: Problem) -> None:
    """Warn of labels that are all the same, once the network has been scored: what fails before has another cause."""
    if needs(problem.algorithm) != "data":
        return
    labels = problem.labels
    if len(labels) > 1 and labels.min() == labels.max():
        logger.warning("all %d labels are %d: scores know one class only", len(labels), labels[0])


def _description(problem: Problem) -> dict[str, Any]:
    """Where a mask or scores come from: keyword arguments of both classes."""
    return {
        "algorithm": problem.algorithm,
        "seed": problem.seed,
        "initial_weights_digest": _digest(problem.model),
        "metadata": {
            "algorithm_version": ALGORITHMS[problem.algorithm].version,
            "options": dict(problem.options),
            "stream_labels": list(problem.stream_labels),
            **(
                {WITHOUT_INFLUENCE: list(without)} if (without := problem.without_influence) else {}
            ),
        },
    }


def _digest(model: nn.Module) -> str:
    """Digest of all prunable weights, "" if some are on the device "meta"."""
    weights = prunable_parameters(model)
    return "" if any(w.is_meta for w in weights.values()) else checksum(to_arrays(weights))
