"""Derivatives by automatic differentiation through whole graphs: the slow reference."""

import torch


def plain_hessian_times(loss, weights, vector):
    """Differentiate <gradient, vector> through the whole graph: the slow reference."""
    flow = torch.autograd.grad(loss(), weights, create_graph=True, materialize_grads=True)
    inner = sum((f * v).sum() for f, v in zip(flow, vector, strict=True))
    return torch.autograd.grad(inner, weights, allow_unused=True, materialize_grads=True)


def assert_close(found, expected, tolerance):
    """Equal relative to the largest entry of all."""
    largest = max(float(part.abs().max()) for part in expected)
    assert largest > 0
    for a, b in zip(found, expected, strict=True):
        assert float((a - b).abs().max()) <= tolerance * largest
