"""What tracing refuses, by name, and that a traced model is unchanged."""

import numpy as np
import pytest
import torch
from tests.unit.graphs.tracing.small_nets import Net, conv
from torch import nn
from torch.nn.utils import prune

from sparsetopo.errors import EncodingError, MaskError
from sparsetopo.graphs import trace
from sparsetopo.graphs.encode import encode


def refused(forward, shape=(1, 4, 4), **modules):
    return Net(forward, **(modules or {"a": conv(1, 1)})), shape


MAP = (1, 4, 4)
REFUSED = {
    "attention over the batch": (
        refused(lambda m, x: m.m(x, x, x)[0], (3, 4), m=nn.MultiheadAttention(4, 1)),
        ["batch", "'m'", "MultiheadAttention"],
    ),
    "convolution by data": (
        refused(lambda m, x: torch.conv2d(x, m.a(x).view(-1, 1, 4, 4))),
        ["weights depend on the input", "Net", "convolution"],
    ),
    "sorted": (refused(lambda m, x: m.a(x.sort(3)[0])), ["sort", "register_operation"]),
    "data-dependent order": (
        refused(lambda m, x: m.a(x)[:, :, m.a(x).argmax(2).flatten()]),
        ["the data decides", "index"],
    ),
    "mean over the batch": (refused(lambda m, x: m.a(x) - m.a(x).mean(0)), ["batch", "mean"]),
    "wrong shape": (refused(lambda m, x: m.a(x), a=conv(3, 2)), ["'a' (Conv2d)", "(1, 4, 4)"]),
    "no layer": ((nn.ReLU(), MAP), ["no convolution", "no linear"]),
    "bad input shape": ((conv(1, 1), (1, 0, 4)), ["(1, 0, 4)", "input_shape"]),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refused_by_name(case):
    (net, shape), words = REFUSED[case]
    with pytest.raises(EncodingError) as caught:
        trace(net, shape)
    for word in words:
        assert word in str(caught.value)


def test_what_takes_too_many_blocks_is_refused_by_name(monkeypatch):
    forward = refused(
        lambda m, x: m.a(m.l(x)[0]), a=nn.Linear(6, 1), l=nn.LSTM(4, 6, batch_first=True)
    )[0]
    assert len(trace(forward, (4, 4)).blocks) > 20
    monkeypatch.setattr("sparsetopo.graphs.planning.resolve.MOST_BOXES", 20)
    with pytest.raises(EncodingError, match=r"'a' \(Linear\).*more than 20 parts.*recurrent layer"):
        trace(forward, (4, 4))


def test_data_dependent_control_flow_is_refused():
    net = Net(lambda m, x: m.a(x) if m.a(x).relu().mean((2, 3)).item() else x, a=conv(1, 1))
    with pytest.raises(EncodingError, match="looks at the values"):
        trace(net, (1, 4, 4))


class Restless(nn.Module):
    """Changes its buffer, its training flag and the random state whenever it runs."""

    def __init__(self):
        super().__init__()
        self.conv = prune.random_unstructured(conv(1, 2), "weight", 0.5)
        self.norm = nn.BatchNorm2d(2)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        self.norm.eval()
        torch.rand(3)
        return self.norm(self.conv(x))


def test_model_is_restored_bit_for_bit():
    net = Restless().train()
    net.norm.running_mean.uniform_()
    weight = net.conv.weight
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    flags = [module.training for module in net.modules()]
    random_state, version = torch.get_rng_state(), net.norm.running_mean._version
    trace(net, (1, 4, 4))
    after = net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [module.training for module in net.modules()] == flags
    assert torch.equal(torch.get_rng_state(), random_state)
    assert net.conv.weight is weight
    assert weight.grad_fn is not None
    assert net.norm.running_mean._version == version
    assert torch.is_grad_enabled()
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks


def test_model_is_restored_after_a_refusal():
    net = Net(lambda m, x: m.n(m.a(x)).sort()[0], a=conv(1, 1), n=nn.BatchNorm2d(1)).train()
    with pytest.raises(EncodingError, match="sort"):
        trace(net, (1, 4, 4))
    assert all(module.training for module in net.modules())
    assert not nn.modules.module._global_forward_pre_hooks


@pytest.mark.parametrize(
    "shape", [5.5, "3", (3, 8.5, 8), (1, 3, 8, 8, 8), (0, 8, 8), (), None, (True, 8)]
)
def test_an_input_shape_of_another_kind_is_refused_in_a_sentence(shape):
    with pytest.raises(EncodingError, match=r"input_shape is .* whole, positive"):
        trace(nn.Sequential(nn.Flatten(), nn.Linear(8, 2)), shape)


def test_numpy_sizes_are_sizes():
    plan = trace(nn.Linear(8, 2), np.array([8]))
    assert plan.input_shape == (8,)


def test_weights_without_a_model_are_refused():
    with pytest.raises(EncodingError, match=r"model is a OrderedDict, .* load it into its model"):
        trace(nn.Linear(8, 2).state_dict(), (8,))


def test_masks_that_name_no_parameter_are_refused():
    with pytest.raises(MaskError, match="masks is a list, but must be a mapping"):
        encode(nn.Linear(8, 2), (8,), masks=[np.ones((2, 8), bool)])


class OneHot(nn.Module):
    """Looks at the greatest of its integers, which the encoder refuses: a matter that comes later."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(9, 3)

    def forward(self, x):
        return self.linear(nn.functional.one_hot(x).float().mean(1))


READ_INTEGERS = {
    "an embedding": (
        lambda: nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(20, 3)),
        r"module '0' \(Embedding\)",
    ),
    "indices": (lambda: Net(lambda m, x: m.a.weight[x].mean(1), a=nn.Linear(4, 9)), "aten::index"),
    "one_hot": (OneHot, "OneHot"),
}


@pytest.mark.parametrize("kind", READ_INTEGERS)
def test_networks_of_integers_say_what_to_pass(kind):
    make, where = READ_INTEGERS[kind]
    advice = (
        r"example=torch.zeros\(\(1, 5\), dtype=torch.int64\) in place of input_shape .*--integers"
    )
    with pytest.raises(EncodingError, match=f"{where}.*{advice}") as caught:
        trace(make(), (5,))
    assert "\n" not in str(caught.value)


def test_what_is_advised_for_an_embedding_works():
    net, _ = READ_INTEGERS["an embedding"]
    plan = trace(net(), example=torch.zeros((1, 5), dtype=torch.int64))
    assert plan.node_layers[-1].size == 3


def test_a_shape_that_does_not_fit_is_not_taken_for_integers():
    with pytest.raises(EncodingError, match="does not run on an input of shape") as caught:
        trace(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), (5,))
    assert "example=" not in str(caught.value)
