"""Tracing: node layers, blocks and names of parameters."""

import pytest
import torch
from tests.unit.graphs.tracing.small_nets import Net, conv
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune

from sparsetopo.errors import EncodingError
from sparsetopo.graphs import register_operation, trace
from sparsetopo.graphs.tracing.handlers.elementwise import elementwise
from sparsetopo.graphs.tracing.operators import HANDLERS


def joins(plan):
    """(source, target, parameter) of every block, by layer names."""
    names = [layer.name for layer in plan.node_layers]
    return {(names[b.source], names[b.target], b.parameter) for b in plan.blocks}


def test_addition_merges_fresh_operands_only():
    net = Net(
        lambda m, x: m.c(functional.relu(m.a(x)) + m.b(x)), a=conv(1, 2), b=conv(1, 2), c=conv(2, 2)
    )
    plan = trace(net, (1, 4, 4))
    assert [layer.name for layer in plan.node_layers] == ["input", "a + b", "c"]
    assert joins(plan) == {
        ("input", "a + b", "a.weight"),
        ("input", "a + b", "b.weight"),
        ("a + b", "c", "c.weight"),
    }


def test_operand_that_is_read_elsewhere_is_a_shortcut():
    def forward(m, x):
        y = m.a(x)
        return m.b(y) + y

    net = Net(forward, a=conv(1, 2), b=conv(2, 2))
    assert joins(trace(net, (1, 4, 4))) == {("input", "a", "a.weight"), ("a", "b", "b.weight")}
    with_identity = trace(net, (1, 4, 4), identity_shortcuts=True)
    assert ("a", "b", None) in joins(with_identity)


def test_addition_without_fresh_operand_makes_no_nodes():
    def forward(m, x):
        y, z = m.a(x), m.b(x)
        return m.c(functional.max_pool2d(y, 2) + functional.max_pool2d(z, 2))

    plan = trace(Net(forward, a=conv(1, 2), b=conv(1, 2), c=conv(2, 2)), (1, 4, 4))
    assert {("a", "c", "c.weight"), ("b", "c", "c.weight")} <= joins(plan)
    assert len(plan.node_layers) == 4


def test_returned_operand_is_not_fresh():
    def forward(m, x):
        y, z = m.a(x), m.b(x)
        return y, y + z

    plan = trace(Net(forward, a=conv(1, 2), b=conv(1, 2)), (1, 4, 4))
    assert [layer.name for layer in plan.node_layers] == ["input", "a", "b"]
    assert plan.outputs == (1, 2)


def test_identity_source_that_runs_later_still_precedes_its_target():
    def forward(m, x):
        y = m.a(x)
        z = m.b(x)
        return m.c(z), y + z

    net = Net(forward, a=conv(1, 1), b=conv(1, 1), c=conv(1, 1))
    plan = trace(net, (1, 4, 4), identity_shortcuts=True)
    assert all(block.source < block.target for block in plan.blocks)
    assert ("b", "a", None) in joins(plan)


def test_frame_is_the_largest_padding_on_the_input_and_absent_after_pooling():
    net = Net(lambda m, x: m.a(x) + m.b(x), a=conv(1, 1, 3), b=conv(1, 1, 5))
    first = trace(net, (1, 4, 6)).node_layers[0]
    assert (first.height, first.width) == (8, 10)
    pooled = trace(Net(lambda m, x: m.a(functional.max_pool2d(x, 2)), a=conv(1, 1)), (1, 4, 6))
    assert (pooled.node_layers[0].height, pooled.node_layers[0].width) == (4, 6)


def test_what_no_output_depends_on_is_left_out():
    def forward(m, x):
        m.b(x)
        return m.a(x)

    assert set(trace(Net(forward, a=conv(1, 1), b=conv(1, 1)), (1, 4, 4)).parameters) == {
        "a.weight"
    }


def test_shared_weights_are_two_blocks_of_one_parameter():
    plan = trace(Net(lambda m, x: m.a(m.a(x)), a=conv(2, 2)), (2, 4, 4))
    assert [block.parameter for block in plan.blocks] == ["a.weight"] * 2
    assert len(plan.node_layers) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda c: prune.l1_unstructured(c, "weight", 0.5),
        lambda c: parametrizations.weight_norm(c),
        lambda c: c,
    ],
)
def test_parameter_is_named_after_the_calling_module(change):
    net = Net(lambda m, x: m.block(x), block=nn.Sequential(conv(1, 2), nn.ReLU()))
    change(net.block[0])
    assert set(trace(net, (1, 4, 4)).parameters) == {"block.0.weight"}


def test_functional_call_with_own_parameter():
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = nn.Parameter(torch.randn(2, 1, 3, 3))

        def forward(self, x):
            return functional.conv2d(x, weight=self.kernel, bias=None, padding=1)

    assert trace(Functional(), (1, 4, 4)).parameters == {"kernel": (2, 1, 3, 3)}


def test_option_a_shortcut_and_views_and_in_place_operations():
    def forward(m, x):
        y = m.a(x)
        z = m.b(functional.relu(y, inplace=True))
        z += functional.pad(y[:, :, ::2, ::2], (0, 0, 0, 0, 1, 1))
        z.relu_()
        pooled = z.mean(3).mean(2)
        return m.fc(pooled.view(pooled.size(0), -1))

    net = Net(forward, a=conv(1, 2), b=conv(2, 4, stride=2), fc=nn.Linear(4, 3))
    plan = trace(net, (1, 4, 4), identity_shortcuts=True)
    (shortcut,) = [block for block in plan.blocks if block.is_identity]
    assert (shortcut.target_channel, shortcut.outputs, shortcut.source) == (1, 2, 1)
    assert plan.axes[shortcut.rows].sources.tolist() == [0, 2]


class Negative(torch.autograd.Function):
    """Custom autograd function; tracing sees the torch functions in it."""

    @staticmethod
    def forward(context, x):
        return -x


def test_custom_autograd_function_is_seen_through():
    net = Net(lambda m, x: m.b(Negative.apply(m.a(x))), a=conv(1, 1), b=conv(1, 1))
    assert len(trace(net, (1, 4, 4)).blocks) == 2


def test_register_operation():
    """An operator of a library of one's own is unknown, until it is registered."""
    library = torch.library.Library("sparsetopo_test", "FRAGMENT")
    library.define("swish(Tensor x) -> Tensor")
    library.impl("swish", lambda x: x.clone(), "CompositeExplicitAutograd")
    operator = torch.ops.sparsetopo_test.swish
    net = Net(lambda m, x: m.b(operator(m.a(x))), a=conv(1, 1), b=conv(1, 1))
    with pytest.raises(EncodingError, match=r"sparsetopo_test::swish.*register_operation"):
        trace(net, (1, 4, 4))
    try:
        register_operation(operator)(elementwise)
        assert len(trace(net, (1, 4, 4)).blocks) == 2
    finally:
        del HANDLERS["sparsetopo_test::swish"]
    with pytest.raises(TypeError, match="is no ATen operator"):
        register_operation(torch.relu)
