"""Strategies of hypothesis: random networks with masks, and their graphs."""

import torch
from hypothesis import strategies as st
from tests.random_networks import draw_network

from sparsetopo.graphs.encode import encode


def random_masks(network, density, seed=0):
    """Masks of the weights (not the biases) of a network, each kept with a probability."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.rand(weight.shape, generator=generator) < density
        for name, weight in network.named_parameters()
        if weight.dim() > 1
    }


@st.composite
def masked_networks(draw):
    """(network, masks): some layers empty or full, some kept weights exactly 0."""
    network = draw_network(lambda options: draw(st.sampled_from(options)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    masks = {}
    for name, weight in network.named_parameters():
        density = draw(st.sampled_from([0.0, 0.1, 0.4, 0.4, 0.8, 1.0]))
        masks[name] = torch.rand(weight.shape, generator=generator) < density
        zeros = torch.rand(weight.shape, generator=generator) < 0.1
        weight.data = torch.randn(weight.shape, generator=generator).masked_fill(zeros, 0.0)
    return network, masks


@st.composite
def graphs(draw):
    """MGE of such a network, with identity shortcuts or without."""
    network, masks = draw(masked_networks())
    return encode(network, network.input_shape, masks, draw(st.booleans()))
