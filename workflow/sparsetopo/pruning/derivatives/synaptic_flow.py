"""Synaptic flow: what SynFlow differentiates, a network of magnitudes at an input of ones, and when that says nothing.

`sparsetopo.pruning.algorithms.synflow` has the definitions and their source.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.arrays import to_arrays
from sparsetopo.networks.running.inputs import call, mapped, tensors_in
from sparsetopo.networks.running.outputs import logits
from sparsetopo.networks.running.widened import Widening, widen
from sparsetopo.pruning.derivatives.hessian import sensitivity
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.selection import check_finite, check_nonzero

# Scores are rounding noise if a relative change of the weights by this much changes them by more than that, or if they
# are so small beside those of a weighted sum of the outputs: then the terms of the sum cancel.
CHANGE = 1e-9
STABLE = 0.01
CANCELLED = 1e-10

# Inputs to try, the largest first: activations that saturate at ones are linear at a small one.
SCALES = (1.0, *(10.0**-power for power in range(10, 210, 20)))

# Autograd nodes that only move elements, which may stand after a softmax at the end.
_VIEWS = ("View", "UnsafeView", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Permute", "TBackward",
          "Clone", "Select", "Slice", "Alias", "Expand", "ToCopy")  # fmt: skip


class SynapticFlow:
    """The synaptic flow of a network, whose parameters and buffers are replaced by their magnitudes in float64.

    Parameters
    ----------
    problem
        The network, which is changed and put into evaluation mode, and an example of its inputs, or their shape.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._scale = 1.0
        self._weight = next(iter(problem.parameters.values()))
        self._example = problem.example
        if self._example is None:
            assert problem.input_shape is not None  # `run` has checked it
            self._example = torch.empty((1, *problem.input_shape))
        model = problem.model.eval()
        constants = widen(model, torch.float64)
        with torch.no_grad():
            for tensor in (*model.parameters(), *model.buffers(), *constants):
                if tensor.is_floating_point():
                    tensor.abs_()
        problem.differentiate_prunable()

    def scores(self) -> dict[str, Tensor]:
        """Return |dR/dw * w| of every prunable weight."""
        return sensitivity(lambda: self._outputs().sum(), self._problem.parameters)

    @contextmanager
    def embedding_ones(self) -> Iterator[None]:
        """Let token embeddings give ones, if the network takes token ids, as long as the block lasts."""
        kinds = [tensor.dtype for tensor in tensors_in(self._example)]
        if all(kind.is_floating_point or kind == torch.bool for kind in kinds):
            yield
            return
        embedded: list[nn.Module] = []

        def give_ones(module: nn.Module, ids: tuple[Any, ...], output: Tensor) -> Tensor | None:
            if not (ids and isinstance(ids[0], Tensor) and bool((ids[0] == 1).all())):
                return None  # positions, for example, which are constants of the network
            embedded.append(module)
            return torch.full_like(output, self._scale)

        every = self._problem.model.modules()
        embeddings = [m for m in every if isinstance(m, nn.Embedding | nn.EmbeddingBag)]
        handles = [module.register_forward_hook(give_ones) for module in embeddings]
        try:
            self._outputs()
            if not embedded:
                raise SparsetopoError(
                    "synflow replaces the input by ones, which integers have only where a torch.nn.Embedding reads "
                    "them: wrap the network in a module that takes the embedded tokens."
                )
            yield
        finally:
            for handle in handles:
                handle.remove()

    def choose_scale(self) -> None:
        """Take the largest input at which every layer has scores that mean something.

        Without saturation, the scale is a common factor of all scores. With it, all scores of a layer are zero, or
        rounding noise; a SparsetopoError says so if they are at every scale.
        """
        faults = []
        for self._scale in SCALES:
            flow = to_arrays(self.scores())
            fault = self._fault(flow)
            if fault is None:
                return
            faults.append(fault)
            if self._problem.zero_weights:  # which no scale changes
                break
        self._scale = 1.0
        raise faults[0]

    def _fault(self, flow: Mapping[str, NDArray[np.float64]]) -> SparsetopoError | None:
        """What is wrong with scores, if anything."""
        try:
            check_finite(flow)
            check_nonzero(self._problem.algorithm, flow, self._problem.zero_weights)
        except SparsetopoError as error:
            return error
        nearby = [self._scores_nearby(draw) for draw in range(2)]
        weighted = self._weighted_scores()
        noise = [
            name
            for name, scores in flow.items()
            if any(_differ(scores, other[name]) for other in nearby)
            or scores.sum() < CANCELLED * weighted[name].sum()
        ]
        if not noise:
            return None
        return SparsetopoError(
            f"the synflow scores of {len(noise)} of {len(flow)} layers ('{noise[0]}' is the first) are rounding noise, "
            "as the sum of the outputs does not depend on them for an input of ones: take away what makes it constant "
            "(a softmax or a subtracted mean at the end), or another algorithm (for attention among equal tokens)."
        )

    def _weighted_scores(self) -> dict[str, NDArray[np.float64]]:
        """Scores of a sum in which each output has a random weight between 1/2 and 3/2."""

        def weighted_sum() -> Tensor:
            outputs = self._outputs()
            random = self._problem.generator("weighted sum").uniform(0.5, 1.5, tuple(outputs.shape))
            return (outputs * torch.from_numpy(random).to(outputs.device)).sum()

        return to_arrays(sensitivity(weighted_sum, self._problem.parameters))

    def _scores_nearby(self, draw: int) -> dict[str, NDArray[np.float64]]:
        """Scores at weights that are changed a little."""
        weights = self._problem.parameters
        generator = self._problem.generator("rounding noise", draw)
        kept = {name: weight.detach().clone() for name, weight in weights.items()}
        with torch.no_grad():
            for weight in weights.values():
                change = torch.from_numpy(CHANGE * generator.uniform(-1, 1, tuple(weight.shape)))
                weight.mul_(1 + change.to(weight.device))
        found = to_arrays(self.scores())
        with torch.no_grad():
            for name, weight in weights.items():
                weight.copy_(kept[name])
        return found

    def _outputs(self) -> Tensor:
        with Widening(torch.float64):
            output = logits(call(self._problem.model, mapped(self._ones_like, self._example)))
        ending = _softmax_at_the_end(output)
        if ending:
            raise SparsetopoError(
                f"the network ends in {ending}, so that the sum of its outputs, which synflow differentiates, does not "
                "add up paths: prune it without its last operation, as logits."
            )
        return output

    def _ones_like(self, tensor: Tensor) -> Tensor:
        if tensor.dtype == torch.bool:  # a mask of attention
            return tensor.to(self._weight.device)
        floating = tensor.is_floating_point()
        value, dtype = (self._scale, self._weight.dtype) if floating else (1, tensor.dtype)
        return torch.full(tensor.shape, value, dtype=dtype, device=self._weight.device)


def _differ(left: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    return bool(np.abs(left - right).sum() > STABLE * np.maximum(left, right).sum())


def _softmax_at_the_end(output: Tensor) -> str:
    """Name of the softmax that an output comes from, through views of it; else nothing."""
    node = output.grad_fn
    while node is not None:
        name = node.name()
        if "SoftmaxBackward" in name:
            return "log_softmax" if name.startswith("Log") else "softmax"
        if not name.startswith(_VIEWS):
            return ""
        node = node.next_functions[0][0]
    return ""
