"""Run a pruning algorithm: check the arguments, keep the network as it was, describe the mask."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sparsetopo import registry
from sparsetopo.architectures._initial import digest
from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning import ALGORITHMS, needs
from sparsetopo.pruning.arrays import to_arrays
from sparsetopo.pruning.mask import Mask
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.prunable import computed_weights, prunable_parameters
from sparsetopo.pruning.restore import restored

logger = logging.getLogger(__name__)


def run(
    model: nn.Module,
    algorithm: str,
    sparsity: float | str,
    *,
    data: tuple[Tensor, Tensor] | None,
    seed: int,
    input_shape: Sequence[int] | None,
    stream_labels: Sequence[str | int],
    options: Mapping[str, Any],
) -> Mask:
    """Prune a network; see `sparsetopo.pruning.prune`, whose arguments these are."""
    entry = registry.look_up(ALGORITHMS, algorithm, "pruning algorithm")
    faults = entry.option_problems(options)
    if faults:
        raise SparsetopoError("; ".join(f"{algorithm}: {key}: {fault}" for key, fault in faults))
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise SparsetopoError(f"the seed must be an integer, got {seed!r}.")
    target = checked_sparsity(sparsity)
    _check_network(model)
    data = _checked_data(algorithm, data)
    shape = _checked_input_shape(algorithm, input_shape, data)
    full_options = {**entry.default_options(), **options}
    problem = Problem(
        model, algorithm, target, data, shape, seed, tuple(stream_labels), full_options
    )
    initial = digest(to_arrays(problem.parameters))

    torch_seed = int(problem.generator("torch").integers(2**63))
    with restored(model, torch_seed):
        arrays = entry.load().keep(problem)

    mask = Mask(
        arrays,
        algorithm=algorithm,
        sparsity=sparsity if isinstance(sparsity, str) else repr(target),
        seed=seed,
        initial_weights_digest=initial,
        metadata={
            "algorithm_version": entry.version,
            "options": full_options,
            "stream_labels": list(stream_labels),
        },
    )
    mask.check_fits(problem.shapes)
    _report_collapse(mask)
    return mask


def checked_sparsity(sparsity: float | str) -> float:
    """Return the sparsity as a number.

    Raises
    ------
    SparsetopoError
        If it is not a number in (0, 1).
    """
    try:
        value = math.nan if isinstance(sparsity, bool) else float(sparsity)
    except (TypeError, ValueError):
        value = math.nan
    if not 0.0 < value < 1.0:
        raise SparsetopoError(
            f"the sparsity must be a number between 0 and 1, both excluded, got {sparsity!r}."
        )
    return value


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


def _checked_data(
    algorithm: str, data: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, Tensor] | None:
    if needs(algorithm) != "data" and data is None:
        return None
    if data is None:
        raise SparsetopoError(
            f"{algorithm} needs training images: pass data=(images (N, C, H, W), labels (N,))."
        )
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise SparsetopoError("data must be a pair (images, labels).")
    images, labels = torch.as_tensor(data[0]), torch.as_tensor(data[1])
    if images.ndim < 2 or not images.is_floating_point():
        raise SparsetopoError(
            f"images must be a float tensor (N, C, H, W), got {images.dtype} of shape "
            f"{tuple(images.shape)}."
        )
    integral = not (labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool)
    if labels.ndim != 1 or not integral:
        raise SparsetopoError(
            f"labels must be an integer tensor (N,), got {labels.dtype} of shape "
            f"{tuple(labels.shape)}."
        )
    if len(images) != len(labels) or len(labels) == 0:
        raise SparsetopoError(
            f"there must be one label an image and at least one image, got {len(images)} images "
            f"and {len(labels)} labels."
        )
    if int(labels.min()) < 0:
        raise SparsetopoError(f"labels must not be negative, got {int(labels.min())}.")
    return images, labels.long()


def _checked_input_shape(
    algorithm: str,
    input_shape: Sequence[int] | None,
    data: tuple[Tensor, Tensor] | None,
) -> tuple[int, ...] | None:
    if input_shape is None:
        if data is not None:
            return tuple(data[0].shape[1:])
        if needs(algorithm) == "input shape":
            raise SparsetopoError(
                f"{algorithm} needs the shape of an image: pass input_shape=(C, H, W), or data."
            )
        return None
    shape = tuple(input_shape)
    if not shape or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in shape):
        raise SparsetopoError(f"the input shape must be positive integers (C, H, W), got {shape}.")
    return shape


def _report_collapse(mask: Mask) -> None:
    if mask.collapsed_layers:
        logger.warning(
            "%s at sparsity %s left no weight in %d of %d layers: %s",
            mask.algorithm,
            mask.sparsity,
            len(mask.collapsed_layers),
            len(mask),
            ", ".join(mask.collapsed_layers),
        )
