"""Run a pruning algorithm: check the arguments, keep the network as it was, describe the result."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn

from sparsetopo import registry
from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.arrays import to_arrays
from sparsetopo.networks.initial_weights import digest
from sparsetopo.networks.precision import tf32_only_if_asked
from sparsetopo.networks.prunable import computed_weights, prunable_parameters
from sparsetopo.networks.restore import restored
from sparsetopo.pruning import ALGORITHMS, is_single_shot, needs
from sparsetopo.pruning.controls import check_shuffle, shuffled
from sparsetopo.pruning.images import ImageSource, image_source
from sparsetopo.pruning.mask import Mask
from sparsetopo.pruning.out_of_memory import scoring_out_of_memory
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.scores import Scores
from sparsetopo.pruning.selection import checked_sparsity


@dataclass(frozen=True)
class Request:
    """The arguments that `sparsetopo.pruning.prune` and `score` have in common."""

    model: nn.Module
    algorithm: str
    data: Any
    seed: int
    input_shape: Sequence[int] | None
    stream_labels: Sequence[str | int]
    options: Mapping[str, Any]


def prune(request: Request, sparsity: float | str, shuffle: str) -> Mask:
    """Prune a network; see `sparsetopo.pruning.prune`."""
    target = checked_sparsity(sparsity)
    check_shuffle(shuffle)
    registry.look_up(ALGORITHMS, request.algorithm, "pruning algorithm")
    if is_single_shot(request.algorithm):
        return score(request).mask(sparsity, shuffle=shuffle)
    problem = _problem(request, target)
    with _scoring(problem):
        arrays = ALGORITHMS[request.algorithm].load().keep(problem)
    arrays = shuffled(
        arrays,
        shuffle,
        algorithm=request.algorithm,
        seed=request.seed,
        stream_labels=request.stream_labels,
    )
    description = _description(request, problem)
    description["metadata"]["shuffle"] = shuffle
    written = sparsity if isinstance(sparsity, str) else repr(target)
    mask = Mask(arrays, sparsity=written, **description)
    mask.check_fits(problem.shapes)
    mask.warn_of_collapse()
    return mask


def score(request: Request) -> Scores:
    """Score the weights of a network; see `sparsetopo.pruning.score`."""
    entry = registry.look_up(ALGORITHMS, request.algorithm, "pruning algorithm")
    if not is_single_shot(request.algorithm):
        single = ", ".join(name for name in sorted(ALGORITHMS) if is_single_shot(name))
        raise SparsetopoError(
            f"{request.algorithm} has no scores from which masks of every sparsity follow; "
            f"those that do: {single}."
        )
    problem = _problem(request, None)
    with _scoring(problem):
        arrays = to_arrays(entry.load().scores(problem))
    return Scores(arrays, **_description(request, problem))


def _problem(request: Request, sparsity: float | None) -> Problem:
    """Check the arguments and put together what the algorithm is given."""
    entry = registry.look_up(ALGORITHMS, request.algorithm, "pruning algorithm")
    faults = entry.option_problems(request.options)
    if faults:
        raise SparsetopoError("; ".join(f"{entry.name}: {key}: {fault}" for key, fault in faults))
    if isinstance(request.seed, bool) or not isinstance(request.seed, int):
        raise SparsetopoError(f"the seed must be an integer, got {request.seed!r}.")
    _check_network(request.model)
    data = _checked_data(request.algorithm, request.data)
    return Problem(
        request.model,
        request.algorithm,
        sparsity,
        data,
        _checked_input_shape(request.algorithm, request.input_shape, data),
        request.seed,
        tuple(request.stream_labels),
        {**entry.default_options(), **request.options},
    )


@contextmanager
def _scoring(problem: Problem) -> Iterator[None]:
    """Let an algorithm work on the network, restore it, and say which setting to lower if memory ends."""
    entry = ALGORITHMS[problem.algorithm]
    settings = registry.literals(entry.path, {"MEMORY_OPTIONS"}).get("MEMORY_OPTIONS", ())
    seed = int(problem.generator("torch").integers(2**63))
    device = next(iter(problem.parameters.values())).device
    with (
        scoring_out_of_memory(problem.algorithm, settings),
        restored(problem.model, seed),
        tf32_only_if_asked("float32", device),
    ):
        yield


def _description(request: Request, problem: Problem) -> dict[str, Any]:
    """Where a mask or scores come from: keyword arguments of both classes."""
    return {
        "algorithm": request.algorithm,
        "seed": request.seed,
        "initial_weights_digest": digest(to_arrays(problem.parameters)),
        "metadata": {
            "algorithm_version": ALGORITHMS[request.algorithm].version,
            "options": dict(problem.options),
            "stream_labels": list(request.stream_labels),
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
