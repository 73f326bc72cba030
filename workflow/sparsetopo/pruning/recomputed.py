"""A function of tensors that keeps only its inputs, for first and second derivatives.

`_Apply` computes it; its backward pass is `_Gradient`, an operation of its own, which computes the
function again to differentiate it; and the backward pass of `_Gradient` computes it a third time,
with the graph that a second derivative needs. Each graph lives for one segment only.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from sparsetopo.networks.memory import is_out_of_memory

RandomStates = list[tuple[torch.Generator, Tensor]]


class Recomputed:
    """Callable that computes `function` as a segment, or as usual where it cannot be one.

    It cannot if it takes or gives something else than tensors, changes an input in place, or reads
    tensors that are neither its inputs nor parameters of its modules.

    Parameters
    ----------
    function
        Function of tensors that gives one tensor. It may draw random numbers from torch's
        generators (dropout): they are the same whenever it is computed again.
    modules
        Modules whose parameters it reads.
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
        random = _random_states((*inputs, *parameters))
        try:
            return _Apply.apply(self.function, random, len(inputs), *inputs, *parameters)
        except _CannotRecomputeError:
            self._can_be_recomputed = False
            _set_random_states(random)
            return self.function(*inputs)


class _CannotRecomputeError(Exception):
    """The function is not one of its inputs and parameters alone."""


class _Apply(torch.autograd.Function):
    """The function, of so many inputs and its modules' parameters."""

    @staticmethod
    def forward(
        context: Any,
        function: Callable[..., Any],
        random: RandomStates,
        inputs: int,
        *tensors: Tensor,
    ) -> Tensor:
        context.function, context.random, context.inputs = function, random, inputs
        context.save_for_backward(*tensors)
        needed = [tensor.requires_grad for tensor in tensors]
        with torch.enable_grad():  # the graph is looked at and dropped
            leaves = _leaves(tensors, inputs, needed)
            try:
                output = function(*leaves[:inputs])
            except RuntimeError as error:  # an input changed in place, or a fault of the network
                if is_out_of_memory(error):
                    raise
                raise _CannotRecomputeError from error
        if not isinstance(output, Tensor) or not _reads_only(output, leaves):
            raise _CannotRecomputeError
        return output.detach()

    @staticmethod
    def backward(context: Any, *adjoints: Any) -> Any:
        needed = context.needs_input_grad[3:]
        gradients = _Gradient.apply(
            context.function,
            context.random,
            context.inputs,
            needed,
            adjoints[0],
            *context.saved_tensors,
        )
        return None, None, None, *_spread(gradients, needed)


class _Gradient(torch.autograd.Function):
    """Gradients of <adjoint, function> with respect to the tensors that need one."""

    @staticmethod
    def forward(
        context: Any,
        function: Callable[..., Any],
        random: RandomStates,
        inputs: int,
        needed: Sequence[bool],
        adjoint: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        context.function, context.random, context.inputs = function, random, inputs
        context.needed = needed
        context.set_materialize_grads(False)
        context.save_for_backward(adjoint, *tensors)
        with torch.enable_grad(), _replayed(random):
            leaves = _leaves(tensors, inputs, needed)
            output = function(*leaves[:inputs])
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
        with torch.enable_grad(), _replayed(context.random):
            leaves = _leaves(tensors, context.inputs, needed)
            adjoint = saved.detach().requires_grad_()
            output = context.function(*leaves[: context.inputs])
            wanted = _chosen(leaves, needed)
            gradients = torch.autograd.grad(
                inner_product([output], [adjoint]), wanted, create_graph=True, allow_unused=True
            )
            inner = inner_product(gradients, cotangents)
        del output, gradients
        if not inner.requires_grad:
            return (None,) * (5 + len(tensors))
        of_adjoint, *others = torch.autograd.grad(inner, [adjoint, *wanted], allow_unused=True)
        return None, None, None, None, of_adjoint, *_spread(others, needed)


def inner_product(left: Sequence[Tensor | None], right: Sequence[Tensor | None]) -> Tensor:
    """Sum over pairs of tensors of the sums of their products; None counts as zero.

    (Handing ``right`` to ``torch.autograd.grad`` instead makes torch import sympy: 0.7 s.)
    """
    total = torch.zeros(())
    for a, b in zip(left, right, strict=True):
        if a is not None and b is not None:
            total = total.to(a) + torch.dot(a.flatten(), b.flatten())
    return total


def _leaves(tensors: Sequence[Tensor], inputs: int, needed: Sequence[bool]) -> list[Tensor]:
    """Inputs cut off from what they come from, and the parameters themselves.

    An input without gradient (the images) is copied, lest the function change it in place.
    """
    cut = [
        tensor.detach().requires_grad_() if need else tensor.detach().clone()
        for tensor, need in zip(tensors[:inputs], needed, strict=False)
    ]
    return [*cut, *tensors[inputs:]]


def _reads_only(output: Tensor, leaves: Sequence[Tensor]) -> bool:
    """Whether the graph of a tensor ends in the given leaves, and in no other."""
    known = {id(leaf) for leaf in leaves}
    pending, seen = [output.grad_fn], set()
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable") and id(node.variable) not in known:
            return False
        pending += [following for following, _ in node.next_functions]
    return True


def _chosen(tensors: Sequence[Tensor], needed: Sequence[bool]) -> list[Tensor]:
    return [tensor for tensor, need in zip(tensors, needed, strict=True) if need]


def _spread(gradients: Sequence[Tensor | None], needed: Sequence[bool]) -> list[Tensor | None]:
    """One gradient a tensor, None for those that need none."""
    given = iter(gradients)
    return [next(given) if need else None for need in needed]


def _random_states(tensors: Sequence[Tensor]) -> RandomStates:
    """Torch's generators that dropout may draw from on these tensors' devices, with their states."""
    generators = [torch.default_generator]
    indices = {tensor.device.index for tensor in tensors if tensor.device.type == "cuda"}
    generators += [torch.cuda.default_generators[index] for index in sorted(indices)]
    return [(generator, generator.get_state()) for generator in generators]


def _set_random_states(states: RandomStates) -> None:
    for generator, state in states:
        generator.set_state(state)


@contextmanager
def _replayed(states: RandomStates) -> Iterator[None]:
    """Draw the recorded random numbers again inside the block, then go on as before it."""
    present = [(generator, generator.get_state()) for generator, _ in states]
    _set_random_states(states)
    try:
        yield
    finally:
        _set_random_states(present)
