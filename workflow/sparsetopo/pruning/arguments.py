"""The arguments of `prune` and `score`: checked, and made into the problem that an algorithm is given."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from sparsetopo import registry, seeding
from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.memory import named_out_of_memory
from sparsetopo.networks.prunable import check_prunable
from sparsetopo.networks.running.influence import influence
from sparsetopo.networks.running.inputs import example_inputs, mapped, placed
from sparsetopo.pruning.images import ImageSource, image_source
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.registry import ALGORITHMS, is_random, needs

logger = logging.getLogger(__name__)


def make_problem(
    model: nn.Module,
    algorithm: str,
    sparsity: float | None,
    data: Any,
    seed: int,
    input_shape: Sequence[int] | None,
    example: Any,
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
    check_prunable(model)
    images = _checked_data(algorithm, data)
    problem = Problem(
        model,
        algorithm,
        sparsity,
        images,
        _checked_input_shape(algorithm, input_shape, images, example),
        seed,
        tuple(stream_labels),
        {**entry.default_options(), **options},
    )
    _check_has_values(problem)
    problem = replace(problem, example=_example(problem, example, input_shape))
    return replace(problem, without_influence=_without_influence(problem))


def _check_has_values(problem: Problem) -> None:
    """Refuse to score weights that are on the device "meta"; random masks need only their shapes."""
    absent = [name for name, weight in problem.parameters.items() if weight.is_meta]
    if absent and not is_random(problem.algorithm):
        raise SparsetopoError(
            f"parameter '{absent[0]}' is on the device 'meta' and has no values that {problem.algorithm} could score: "
            "move the network with to_empty and initialise it."
        )


def _example(problem: Problem, example: Any, input_shape: Sequence[int] | None) -> Any:
    """What the network can be called with, a batch of one; None if nothing is known."""
    like = next(iter(problem.parameters.values()))
    if example is not None:
        return example_inputs(example, like)
    of_data = getattr(problem.data, "example", None)
    if of_data is not None and input_shape is None:
        return mapped(lambda tensor: placed(tensor, like), of_data)
    if problem.input_shape is None:
        return None
    # Not constant, for normalisation would make zeros of that.
    noise = seeding.generator("example").standard_normal((1, *problem.input_shape))
    return placed(torch.from_numpy(noise), like)


def _without_influence(problem: Problem) -> tuple[str, ...]:
    """Weights that the output does not depend on, with a warning; they take no part in the pruning."""
    random = is_random(problem.algorithm)
    if problem.example is None:
        return ()
    try:
        with named_out_of_memory("the memory does not suffice"):
            found = influence(problem.model, problem.example)
    except SparsetopoError as error:
        if random:  # else the algorithm, which runs the network too, will say so itself
            logger.warning(
                "all layers are pruned, whether they have an influence on the output or not: %s",
                error,
            )
        return ()
    if found.hidden and not random:
        raise SparsetopoError(
            f"the output depends on {_listed(found.hidden)}, but has no gradient there, so "
            f"{problem.algorithm} cannot score it: compute it outside of torch.no_grad, "
            "torch.inference_mode and detach, or take random masks."
        )
    if found.none:
        several = len(found.none) > 1
        logger.warning(
            "layer%s %s %s no influence on the output: %s no part in the mask, and the sparsity is that of the others",
            "s" * several,
            ", ".join(found.none),
            "have" if several else "has",
            "they take" if several else "it takes",
        )
    if len(found.none) == len(problem.parameters):
        raise SparsetopoError("no prunable layer of the network has an influence on its output.")
    return found.none


def _listed(names: Sequence[str]) -> str:
    """A few names of layers, for a sentence."""
    few = ", ".join(f"'{name}'" for name in names[:3])
    return f"layer{'s' * (len(names) > 1)} {few}{', ...' * (len(names) > 3)}"


def _checked_data(algorithm: str, data: Any) -> ImageSource | None:
    if data is None and needs(algorithm) == "data":
        raise SparsetopoError(
            f"{algorithm} needs training images: pass data=(images (N, C, H, W), labels (N,))."
        )
    return None if data is None else image_source(data)


def _checked_input_shape(
    algorithm: str, input_shape: Sequence[int] | None, data: ImageSource | None, example: Any
) -> tuple[int, ...] | None:
    if input_shape is None:
        if data is not None:
            return tuple(data.input_shape)
        if needs(algorithm) == "input shape" and example is None:
            raise SparsetopoError(
                f"{algorithm} needs the shape of an image: pass input_shape=(C, H, W), an example, or data."
            )
        return None
    shape = tuple(input_shape) if isinstance(input_shape, Iterable) else (input_shape,)
    if not shape or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in shape):
        raise SparsetopoError(f"the input shape must be positive integers (C, H, W), got {shape}.")
    return shape
