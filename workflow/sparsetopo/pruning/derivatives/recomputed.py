"""A function of tensors that keeps only its inputs, for first and second derivatives.

`_Apply` computes the function. Its backward pass is another operation, `_Gradient`, which computes
the function again to differentiate it. The backward pass of `_Gradient` computes it a third time,
with the graph that a second derivative needs. Only the graph of one segment exists at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from sparsetopo.networks.memory import is_out_of_memory
from sparsetopo.networks.random_state import (
    RandomStates,
    random_states,
    replayed,
    set_random_states,
)
from sparsetopo.networks.running.influence import autograd_leaves


class Recomputed:
    """Callable that computes `function` as a segment, or as usual if it cannot be one.

    A segment takes tensors and returns one, changes no input in place, and reads no tensors but its
    inputs and the parameters of `modules`. The random numbers that it draws from torch's generators
    (dropout) are the same whenever it is computed again.
    """

    def __init__(self, function: Callable[..., Any], modules: Sequence[nn.Module]) -> None:
        self.function = function
        self._modules = list(modules)
        self._can_be_recomputed = True

    def __call__(self, *inputs: Any, **keywords: Any) -> Any:
        """Compute the function."""
        parameters = [p for m in self._modules for p in m.parameters() if p.requires_grad]
        parameters = list({id(p): p for p in parameters}.values())
        plain = bool(keywords) or not all(isinstance(value, Tensor) for value in inputs)
        differentiable = any(t.requires_grad for t in (*inputs, *parameters) if torch.is_tensor(t))
        if plain or not (differentiable and torch.is_grad_enabled() and self._can_be_recomputed):
            return self.function(*inputs, **keywords)
        random = random_states((*inputs, *parameters))
        try:
            call = _Call(self.function, random, len(inputs))
            return _Apply.apply(call, *inputs, *parameters)
        except _CannotRecomputeError:
            self._can_be_recomputed = False
            set_random_states(random)
            return self.function(*inputs)


class _CannotRecomputeError(Exception):
    """The function depends on more than its inputs and parameters."""


@dataclass(frozen=True)
class _Call:
    """A function, torch's random states before it, and how many of its tensors are inputs.

    The tensors after the inputs are the parameters that it reads.
    """

    function: Callable[..., Any]
    random: RandomStates
    inputs: int

    def compute(
        self, tensors: Sequence[Tensor], needed: Sequence[bool]
    ) -> tuple[Any, list[Tensor]]:
        """Output of the function, and the leaves that its graph must end in.

        They are the inputs detached from the graph that they come from, and the parameters
        themselves. An input without gradient (the images) is copied, because the function may
        change it in place.
        """
        cut = [
            tensor.detach().requires_grad_() if need else tensor.detach().clone()
            for tensor, need in zip(tensors[: self.inputs], needed, strict=False)
        ]
        return self.function(*cut), [*cut, *tensors[self.inputs :]]


class _Apply(torch.autograd.Function):
    """The function of its inputs and parameters."""

    @staticmethod
    def forward(context: Any, call: _Call, *tensors: Tensor) -> Tensor:
        context.call = call
        context.save_for_backward(*tensors)
        with torch.enable_grad():  # to see what the output depends on; the graph is then dropped
            try:
                output, leaves = call.compute(tensors, [t.requires_grad for t in tensors])
            except RuntimeError as error:  # an input was changed in place, or the network is faulty
                if is_out_of_memory(error):
                    raise
                raise _CannotRecomputeError from error
        if not isinstance(output, Tensor) or not autograd_leaves(output) <= {
            id(leaf) for leaf in leaves
        }:
            raise _CannotRecomputeError
        return output.detach()

    @staticmethod
    def backward(context: Any, *adjoints: Any) -> Any:
        needed = context.needs_input_grad[1:]
        gradients = _Gradient.apply(context.call, needed, adjoints[0], *context.saved_tensors)
        return None, *_spread(gradients, needed)


class _Gradient(torch.autograd.Function):
    """Gradients of <adjoint, function> with respect to the tensors that need one."""

    @staticmethod
    def forward(
        context: Any, call: _Call, needed: Sequence[bool], adjoint: Tensor, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        context.call, context.needed = call, needed
        context.set_materialize_grads(False)
        context.save_for_backward(adjoint, *tensors)
        with torch.enable_grad(), replayed(call.random):
            output, leaves = call.compute(tensors, needed)
            inner = inner_product([output], [adjoint.detach()])
        del output
        return torch.autograd.grad(
            inner, _chosen(leaves, needed), allow_unused=True, materialize_grads=True
        )

    @staticmethod
    @once_differentiable
    def backward(context: Any, *cotangents: Any) -> Any:
        saved, *tensors = context.saved_tensors
        needed = context.needed
        with torch.enable_grad(), replayed(context.call.random):
            adjoint = saved.detach().requires_grad_()
            output, leaves = context.call.compute(tensors, needed)
            wanted = _chosen(leaves, needed)
            gradients = torch.autograd.grad(
                inner_product([output], [adjoint]), wanted, create_graph=True, allow_unused=True
            )
            inner = inner_product(gradients, cotangents)
        del output, gradients
        if not inner.requires_grad:
            return (None,) * (3 + len(tensors))
        of_adjoint, *others = torch.autograd.grad(inner, [adjoint, *wanted], allow_unused=True)
        return None, None, of_adjoint, *_spread(others, needed)


def inner_product(left: Sequence[Tensor | None], right: Sequence[Tensor | None]) -> Tensor:
    """Inner product of two lists of tensors; None counts as zero.

    (Passing ``right`` to ``torch.autograd.grad`` instead makes torch import sympy: 0.7 s.)
    """
    total = torch.zeros(())
    for a, b in zip(left, right, strict=True):
        if a is not None and b is not None:
            total = total.to(a) + torch.dot(a.flatten(), b.flatten())
    return total


def _chosen(tensors: Sequence[Tensor], needed: Sequence[bool]) -> list[Tensor]:
    return [tensor for tensor, need in zip(tensors, needed, strict=True) if need]


def _spread(gradients: Sequence[Tensor | None], needed: Sequence[bool]) -> list[Tensor | None]:
    """One gradient a tensor, None for those that need none."""
    given = iter(gradients)
    return [next(given) if need else None for need in needed]
