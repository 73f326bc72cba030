"""What a step of a random model is made with: choices, weighted layers, and the features that it has."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

MOST_ELEMENTS = 150  # of one value; the oracle's time grows with the square


class Build:
    """Draws a model; `layers` by name, `features` that the model has.

    A step is a function of (model, x) that finds its modules in `model.layers`, so that copies of a model run with
    their own.
    """

    def __init__(self, choose):
        self.choose, self.layers, self.features = choose, {}, set()
        self.explicit_masks = True  # whether every weight can be given a mask of its own

    def add(self, module, *features):
        """Name of a new module."""
        name = f"layer{len(self.layers)}"
        self.layers[name] = module
        self.features.update(features)
        return name

    def uses(self, *features):
        self.features.update(features)

    def sometimes(self, *features):
        """Yes or no; yes means that the model has the features."""
        chosen = self.choose([True, False])
        if chosen:
            self.uses(*features)
        return chosen

    def conv(self, inputs, outputs, kernel=1, stride=1, padding=0, dilation=1, groups=1):
        """Convolution whose weight may be computed in forward."""
        layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)
        return self._computed(layer)

    def linear(self, inputs, outputs):
        """Linear layer whose weight may be computed in forward."""
        return self._computed(nn.Linear(inputs, outputs, bias=self.choose([True, False])))

    def _computed(self, layer):
        how = self.choose([None] * 16 + sorted(COMPUTED))
        if how is None:
            return self.add(layer)
        self.explicit_masks &= how in ("mask product", "transposed", "standardised")
        return self.add(COMPUTED[how](layer), "weight: " + how)


class Computed(nn.Module):
    """A convolution or linear layer that computes with a function of its parameter."""

    def __init__(self, layer):
        super().__init__()
        self.is_linear = isinstance(layer, nn.Linear)
        self.weight = nn.Parameter(layer.weight.detach().clone())
        if not self.is_linear:
            self.settings = (layer.stride, layer.padding, layer.dilation, layer.groups)

    def effective(self):
        raise NotImplementedError

    def forward(self, x):
        weight = self.effective()
        if self.is_linear:
            return functional.linear(x, weight)
        return functional.conv2d(x, weight, None, *self.settings)


class MaskProduct(Computed):
    """Weight times a mask that is a buffer."""

    def __init__(self, layer):
        super().__init__(layer)
        self.register_buffer("kept", (torch.rand_like(self.weight) < 0.6).float())

    def effective(self):
        return self.weight * self.kept


class Transposed(Computed):
    """Weight kept as (in, out), turned when it is used."""

    def __init__(self, layer):
        super().__init__(layer)
        self.weight = nn.Parameter(self.weight.detach().transpose(0, 1).contiguous())

    def effective(self):
        return self.weight.transpose(0, 1)


class Standardised(Computed):
    """Weight less its mean, over its deviation, for each output."""

    def effective(self):
        dims = tuple(range(1, self.weight.dim()))
        centred = self.weight - self.weight.mean(dims, keepdim=True)
        return centred / (self.weight.std(dims, keepdim=True, unbiased=False) + 0.3)


class Signs(Computed):
    """Only the signs of the weight matter."""

    def effective(self):
        return self.weight.sign() * 0.5


class StraightThrough(Computed):
    """Signs, with the gradient of the weight itself."""

    def effective(self):
        return self.weight + (self.weight.sign() - self.weight).detach()


def hooked(layer):
    with torch.no_grad():  # a weight that carries a graph could not be copied
        return nn.utils.weight_norm(layer)


COMPUTED = {
    "mask product": MaskProduct,
    "transposed": Transposed,
    "standardised": Standardised,
    "sign": Signs,
    "straight-through": StraightThrough,
    "weight norm, hook": hooked,
    "weight norm, parametrization": parametrizations.weight_norm,
}
