"""Load initial weights into a network."""

import torch
from torch import nn

from sparsetopo.networks.arrays import copy_into
from sparsetopo.networks.initial_weights import initial_weights
from sparsetopo.networks.prunable import prunable_parameters


def initialise(
    model: nn.Module, dataset: str, architecture: str, seed: int, *, redrawn: bool = False
) -> None:
    """Set every parameter and buffer of a network to its initial value, in place.

    Prunable weights are Kaiming-normal (`initial_weights`, which explains `redrawn`), biases 0, and
    batch-norm is as new, whatever the network held before.
    """
    weights = prunable_parameters(model)
    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    drawn = initial_weights(shapes, dataset, architecture, seed, redrawn=redrawn)
    copy_into(weights, drawn)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._NormBase):
                module.reset_parameters()  # weight 1, bias 0, running mean 0, variance 1, count 0
            elif isinstance(bias := getattr(module, "bias", None), nn.Parameter):
                bias.zero_()
