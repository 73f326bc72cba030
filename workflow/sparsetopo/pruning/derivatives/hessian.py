"""Gradients and Hessian-vector products of a loss, by differentiating once or twice.

Pearlmutter, "Fast exact multiplication by the Hessian" (Neural Computation 1994): H v is the
gradient of <gradient, v> for a constant v.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.memory import first_line, is_out_of_memory
from sparsetopo.pruning.derivatives.recomputed import inner_product

Loss = Callable[[], Tensor]


def gradient(loss: Loss, weights: Sequence[Tensor]) -> list[Tensor]:
    """Gradient of a scalar loss; zero for a weight that it does not depend on."""
    return _derivative(loss(), weights)


def sensitivity(loss: Loss, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Magnitude of the gradient of a scalar loss times the weight, |g * w|, for every weight."""
    slopes = gradient(loss, list(weights.values()))
    return {
        name: (slope * weight).detach().abs()
        for (name, weight), slope in zip(weights.items(), slopes, strict=True)
    }


def hessian_times(loss: Loss, weights: Sequence[Tensor], vector: Sequence[Tensor]) -> list[Tensor]:
    """Hessian of a scalar loss times a constant vector, given as one tensor a weight."""
    flow = _derivative(loss(), weights, create_graph=True)
    inner = inner_product(flow, vector)
    if not inner.requires_grad:  # a loss that is linear in the weights
        return [torch.zeros_like(weight) for weight in weights]
    return _derivative(inner, weights)


def _derivative(
    value: Tensor, weights: Sequence[Tensor], create_graph: bool = False
) -> list[Tensor]:
    """Derivative of a scalar; a SparsetopoError says why if the network has none."""
    try:
        found = torch.autograd.grad(
            value, weights, create_graph=create_graph, allow_unused=True, materialize_grads=True
        )
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise SparsetopoError(
            f"the network cannot be differentiated: {first_line(error)}"
        ) from error
    return list(found)
