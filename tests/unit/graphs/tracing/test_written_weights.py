"""Weights that a model writes while it runs: each operation counts with what it received, and the model is put back."""

import pytest
import torch
from tests.oracle.agreement import assert_agrees, assert_refused
from torch import nn
from torch.nn import functional

import sparsetopo as st


class Writing(nn.Module):
    """Two linear layers; `write` changes the first one's weight, or computes another, and applies it."""

    def __init__(self, write):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.register_buffer("mask", (torch.rand(4, 4) > 0.5).float())
        self.register_buffer("scratch", torch.zeros(4, 4))
        self.plain, self.several = torch.zeros(4, 4), [torch.ones(2)]
        self.write = write

    def forward(self, x):
        return self.b(self.write(self, x).relu())


def in_place(m, x):
    m.a.weight.data.mul_(m.mask)
    return m.a(x)


def without_gradients(m, x):
    with torch.no_grad():
        m.a.weight.copy_(m.a.weight * m.mask)
    return m.a(x)


def other_data(m, x):
    m.a.weight.data = m.a.weight.data * m.mask
    return m.a(x)


def attribute_of_the_weight(m, x):
    if not hasattr(m.a.weight, "org"):
        m.a.weight.org = m.a.weight.data.clone()
    m.a.weight.data = m.a.weight.org.sign() * m.mask
    return m.a(x)


def out_argument(m, x):
    torch.mul(m.a.weight, m.mask, out=m.scratch)
    return functional.linear(x, m.scratch)


def several_at_once(m, x):
    with torch.no_grad():
        torch._foreach_mul_([m.a.weight], [m.mask])
    return m.a(x)


def plain_attributes(m, x):
    m.several[0] += 1
    m.plain.copy_(m.a.weight * m.mask)
    return functional.linear(x, m.plain) * m.several[0].sum()


def one_scratch_for_two(m, x):
    w = torch.empty(4, 4)
    w.copy_(m.a.weight * m.mask)
    y = functional.linear(x, w).relu()
    w.data.copy_(m.a.weight * m.mask.t())
    return functional.linear(y, w)


def as_it_is_and_computed(m, x):
    return functional.linear(functional.linear(x, m.a.weight).relu(), m.a.weight * m.mask)


def computed_and_as_it_is(m, x):
    y = functional.linear(x, (m.a.weight * m.mask).t().contiguous()).relu()
    return functional.linear(y, m.a.weight)


def masked(m, x):
    return functional.linear(x, m.a.weight * m.mask)


def masked_sign(m, x):
    return functional.linear(x, m.a.weight.sign() * m.mask)


def twice(m, x):
    return functional.linear(masked(m, x).relu(), (m.a.weight * m.mask.t()))


# Ways to write, and the same without writing.
WRITES = {
    in_place: masked, without_gradients: masked, other_data: masked, attribute_of_the_weight: masked_sign,
    out_argument: masked, several_at_once: masked, plain_attributes: masked, one_scratch_for_two: twice,
}  # fmt: skip


@pytest.mark.parametrize("write", WRITES, ids=lambda function: function.__name__)
def test_operations_count_with_the_weights_that_they_received(write):
    torch.manual_seed(0)
    net = Writing(write)
    tensors = {**net.state_dict(keep_vars=True), "plain": net.plain, "several": net.several[0]}
    before = {name: (t.data_ptr(), t._version, t.detach().clone()) for name, t in tensors.items()}
    found = st.encode(net, (4,))
    for name, tensor in tensors.items():
        place, version, content = before[name]
        assert (tensor.data_ptr(), tensor._version) == (place, version), name
        assert torch.equal(tensor, content), name
        assert not vars(tensor), name
    net.write = WRITES[write]
    assert_alike(found, assert_agrees(net, (4,)))


@pytest.mark.parametrize("masks", [None, {"a.weight": torch.eye(4).bool()}])
@pytest.mark.parametrize("write", [as_it_is_and_computed, computed_and_as_it_is])
def test_a_weight_as_it_is_and_one_computed_from_it(write, masks):
    assert_agrees(Writing(write), (4,), masks)


@pytest.mark.parametrize("write", WRITES, ids=lambda function: function.__name__)
def test_masks_are_carried_through_writes(write):
    """Where the pruned weights are 0, the mask of a computed weight is its non-zeros."""
    torch.manual_seed(0)
    net = Writing(write)
    masks = {"a.weight": torch.rand(4, 4) > 0.3}
    with torch.no_grad():
        net.a.weight.mul_(masks["a.weight"])
    if write is several_at_once:
        assert_refused(lambda: st.encode(net, (4,), masks), "a.weight", "_foreach_mul_")
    else:
        assert_alike(st.encode(net, (4,), masks), st.encode(net, (4,)))


def assert_alike(found, expected):
    """Two graphs have the same nodes and edges."""
    assert found.layer_sizes == expected.layer_sizes
    assert found.num_edges == expected.num_edges
    assert (found.to_scipy() != expected.to_scipy()).nnz == 0


def scaled_rows(m):
    w = m.a.weight.clone()
    w[:2] *= 0.5
    return w


def zeroed_row(m):
    w = m.a.weight.clone()
    w[0] = 0
    return w


def into_zeros(m):
    w = torch.zeros(8, 4)
    w[:4] = m.a.weight
    w[4:] = m.b.weight
    return w


def half_of_zeros(m):
    w = torch.zeros(8, 4)
    w[:4] = m.a.weight
    return w


def beside_zeros(m):
    return torch.cat([m.a.weight, torch.zeros(2, 4)])


def filled(m):
    return m.a.weight.masked_fill(torch.eye(4).bool(), 0)


def thresholded(m):
    return m.a.weight * (m.a.weight.abs() > 0.2)


def sign_by_comparison(m):
    return m.a.weight * ((m.a.weight > 0).float() * 2 - 1)


def above_a_rank(m):
    size = m.a.weight.abs()
    return m.a.weight * (size > size.flatten().kthvalue(8).values).float()


def largest(m):
    mask = torch.zeros(16)
    mask[m.a.weight.abs().flatten().topk(6).indices] = 1
    return m.a.weight * mask.view(4, 4)


def two_of_four(m):
    rows = m.a.weight.abs().topk(2, 1).indices
    return m.a.weight * torch.zeros_like(m.a.weight).scatter_(1, rows, 1.0)


COMPUTED = (
    two_of_four,
    scaled_rows, zeroed_row, into_zeros, half_of_zeros, beside_zeros, filled, thresholded, sign_by_comparison,
    above_a_rank, largest,
)  # fmt: skip


@pytest.mark.parametrize("compute", COMPUTED, ids=lambda function: function.__name__)
def test_masks_are_carried_through_writes_into_parts(compute):
    """Where the pruned weights are 0, the mask of a computed weight is its non-zeros."""
    torch.manual_seed(0)
    net = Writing(lambda m, x: functional.linear(x, compute(m))[:, :4])
    masks = {"a.weight": torch.rand(4, 4) > 0.4, "b.weight": torch.rand(4, 4) > 0.4}
    with torch.no_grad():
        for name, mask in masks.items():
            net.get_parameter(name).mul_(mask)
    assert_alike(st.encode(net, (4,), masks), st.encode(net, (4,)))
