"""Stochastic gradient descent that keeps pruned weights at exactly zero.

`torch.optim.SGD` would do the same arithmetic, but constructing it imports the compiler stack of
torch (over a second a process, and a study has hundreds of training processes).
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sparsetopo.errors import MaskError


class MaskedSGD:
    """SGD with momentum and L2 weight decay; the update rule of `torch.optim.SGD`, plus masks.

    With gradient g, weight w, momentum buffer v (zero at first)::

        v <- momentum * v + (g + weight_decay * w)
        w <- w - learning_rate * v

    g is set to zero where a weight is pruned; w and v start at zero there, and so stay zero.

    Parameters
    ----------
    model
        Its trainable parameters are updated in place.
    momentum, weight_decay
        As in the rule above.
    masks
        Kept weights by parameter name, bool arrays of the parameters' shapes. Pruned weights are
        set to zero at once.

    Raises
    ------
    MaskError
        If a mask names no trainable parameter of the model, or has another shape.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float,
        weight_decay: float,
        masks: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> None:
        self._momentum = momentum
        self._weight_decay = weight_decay
        self._parameters = {
            name: parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }
        self.buffers = {name: torch.zeros_like(p) for name, p in self._parameters.items()}
        self._pruned = {name: self._pruned_at(name, mask) for name, mask in (masks or {}).items()}
        self.enforce_masks()

    def _pruned_at(self, name: str, mask: NDArray[np.bool_]) -> Tensor:
        """Where the weights of a parameter are pruned, in the parameter's memory order."""
        if name not in self._parameters:
            raise MaskError(
                f"the mask names '{name}', which is no trainable parameter of the model; "
                f"it has: {', '.join(self._parameters)}."
            )
        parameter = self._parameters[name]
        if mask.shape != tuple(parameter.shape):
            raise MaskError(
                f"the mask of '{name}' has shape {mask.shape}, the parameter has shape "
                f"{tuple(parameter.shape)}; they must be equal."
            )
        pruned = torch.empty_like(parameter, dtype=torch.bool, requires_grad=False)
        return pruned.copy_(torch.from_numpy(~np.asarray(mask, dtype=bool)))

    @torch.no_grad()
    def enforce_masks(self) -> None:
        """Set every pruned weight and its momentum to zero."""
        for name, pruned in self._pruned.items():
            self._parameters[name].masked_fill_(pruned, 0.0)
            self.buffers[name].masked_fill_(pruned, 0.0)

    def clear_gradients(self) -> None:
        """Forget the gradients of the last step."""
        for parameter in self._parameters.values():
            parameter.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Update every parameter that has a gradient; the gradients are overwritten."""
        # masked_fill_ and not a product: an infinite gradient times zero would be NaN.
        for name, pruned in self._pruned.items():
            gradient = self._parameters[name].grad
            if gradient is not None:
                gradient.masked_fill_(pruned, 0.0)
        names = [name for name, p in self._parameters.items() if p.grad is not None]
        weights: list[Tensor] = [self._parameters[name] for name in names]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        buffers = [self.buffers[name] for name in names]
        if self._weight_decay != 0:
            torch._foreach_add_(gradients, weights, alpha=self._weight_decay)
        torch._foreach_mul_(buffers, self._momentum)
        torch._foreach_add_(buffers, gradients)
        torch._foreach_add_(weights, buffers, alpha=-learning_rate)
