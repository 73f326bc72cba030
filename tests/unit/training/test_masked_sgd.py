"""Masked SGD against torch.optim.SGD, bit for bit, and the exactness of its zeros."""

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.errors import MaskError
from sparsetopo.training.optimiser import MaskedSGD


def gradients(model, step):
    """Set reproducible gradients, in the memory layout that backward would give them."""
    generator = torch.Generator().manual_seed(step)
    for parameter in model.parameters():
        parameter.grad = torch.empty_like(parameter).copy_(
            torch.randn(parameter.shape, generator=generator)
        )


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("momentum", "weight_decay"), [(0.9, 5e-4), (0.9, 0), (0, 1e-4), (0, 0)])
def test_dense_steps_equal_torchs_sgd_bit_for_bit(
    make_network, foreach, layout, momentum, weight_decay
):
    ours, theirs = (make_network().to(memory_format=layout) for _ in range(2))
    optimiser = MaskedSGD(ours, momentum, weight_decay)
    reference = torch.optim.SGD(
        theirs.parameters(), lr=0.1, momentum=momentum, weight_decay=weight_decay, foreach=foreach
    )
    for step in range(10):
        learning_rate = 0.1 if step < 6 else 0.01
        reference.param_groups[0]["lr"] = learning_rate
        gradients(ours, step)
        gradients(theirs, step)
        optimiser.step(learning_rate)
        reference.step()
        for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(one, other)
    if momentum:
        for name, parameter in theirs.named_parameters():
            assert torch.equal(
                optimiser.buffers[name], reference.state[parameter]["momentum_buffer"]
            )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_masked_steps_equal_torchs_sgd_on_masked_gradients(make_network, half_mask, dtype):
    ours, theirs = (make_network().to(dtype) for _ in range(2))
    keep = {name: torch.from_numpy(mask) for name, mask in half_mask.items()}
    named = dict(theirs.named_parameters())
    with torch.no_grad():
        for name, kept in keep.items():
            named[name].mul_(kept)
    optimiser = MaskedSGD(ours, 0.9, 5e-4, half_mask)
    reference = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    for step in range(5):
        gradients(ours, step)
        gradients(theirs, step)
        for name, kept in keep.items():
            named[name].grad.mul_(kept)
        optimiser.step(0.1)
        reference.step()
        for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(one, other)


def pruned_bits(optimiser, model, masks):
    """Bits of every pruned weight and its momentum."""
    named = dict(model.named_parameters())
    for name, mask in masks.items():
        pruned = torch.from_numpy(~mask)
        yield named[name].detach()[pruned].contiguous().view(torch.int32)
        yield optimiser.buffers[name][pruned].contiguous().view(torch.int32)


def test_pruned_weights_are_zero_at_once_and_stay_so_under_infinite_gradients(
    make_network, half_mask
):
    model = make_network().to(memory_format=torch.channels_last)
    optimiser = MaskedSGD(model, 0.9, 5e-4, half_mask)
    assert all((bits == 0).all() for bits in pruned_bits(optimiser, model, half_mask))
    for value in (1.0, float("inf"), float("nan"), -float("inf")):
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, value)
        optimiser.step(0.1)
        # All bits zero: exactly +0.0, never -0.0 or NaN.
        assert all((bits == 0).all() for bits in pruned_bits(optimiser, model, half_mask))
    assert dict(model.named_parameters())["0.weight"].isnan().any()


def test_parameters_without_gradient_are_left_alone():
    model = nn.ModuleDict({"used": nn.Linear(3, 2), "unused": nn.Linear(3, 2)})
    model["used"].bias.requires_grad_(False)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimiser = MaskedSGD(model, 0.9, 0.1)
    model["used"](torch.ones(1, 3)).sum().backward()
    optimiser.step(0.1)
    after = dict(model.named_parameters())
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"used.weight"}


def test_a_mask_that_does_not_fit_is_refused(make_network):
    with pytest.raises(MaskError, match=r"'1\.conv', which is no trainable parameter .*0\.weight"):
        MaskedSGD(make_network(), 0.9, 0, {"1.conv": np.ones(3, bool)})
    with pytest.raises(MaskError, match=r"shape \(4, 2, 3\), the parameter has shape \(4, 2, 3, 3"):
        MaskedSGD(make_network(), 0.9, 0, {"0.weight": np.ones((4, 2, 3), bool)})
