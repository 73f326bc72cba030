"""Models as people have them: outputs in containers, other types and devices, wrappers, frozen parts, several inputs."""

import warnings
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torchvision
from tests.oracle.agreement import Net, assert_agrees, assert_refused, works_or_is_refused
from torch import nn
from torch.nn import functional

import sparsetopo as st

Pair = namedtuple("Pair", ["logits", "hidden"])


@dataclass
class Output:
    """What models of the transformers library return."""

    logits: torch.Tensor
    loss: torch.Tensor | None = None


OUTPUTS = {
    "dict": lambda y, h: {"logits": y},
    "dict with more": lambda y, h: {"hidden": h, "logits": y},
    "tuple": lambda y, h: (y, h),
    "list": lambda y, h: [y, h],
    "nested": lambda y, h: {"all": [(y,), {"h": h}]},
    "None beside": lambda y, h: (y, None),
    "named tuple": lambda y, h: Pair(y, h),
    "dataclass": lambda y, h: Output(y),
    "dataclass with more": lambda y, h: Output(y, h),
    "a number beside": lambda y, h: (y, 3),
    "a mean beside": lambda y, h: (y, h.pow(2).mean()),
}


@pytest.mark.parametrize("kind", sorted(OUTPUTS))
def test_outputs_in_containers(kind):
    def forward(m, x):
        hidden = m.a(x.flatten(1)).relu()
        return OUTPUTS[kind](m.b(hidden), hidden)

    net = Net(forward, a=nn.Linear(12, 5), b=nn.Linear(5, 3))
    mge = st.encode(net, (3, 2, 2))
    assert mge.num_edges == 12 * 5 + 5 * 3
    assert mge.layer_sizes == [12, 5, 3]


def small():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(128, 4)
    )


EDGES = 22**2 * 2 + 128 * 4  # each of 22 pairs of rows, of columns; two channels


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_models_of_other_types(dtype):
    mge = st.encode(small().to(dtype), (1, 8, 8), {})
    assert mge.num_edges == st.encode(small(), (1, 8, 8), {}).num_edges
    assert mge.to_scipy().dtype == "float32"


def test_mixed_types():
    net = small()
    net[4].to(torch.bfloat16)
    mixed = Net(lambda m, x: m.last(m.first(x).bfloat16()), first=net[:4], last=net[4])
    assert st.encode(mixed, (1, 8, 8), {}).num_edges == st.encode(small(), (1, 8, 8), {}).num_edges


WRAPPED = {
    "DataParallel": nn.DataParallel,
    "compiled": lambda net: torch.compile(net, backend="eager"),
    "sequential": nn.Sequential,
    "eval": nn.Module.eval,
    "frozen": lambda net: net.requires_grad_(False),
    "channels last": lambda net: net.to(memory_format=torch.channels_last),
    "shared memory": nn.Module.share_memory,
}


@pytest.mark.parametrize("kind", sorted(WRAPPED))
def test_wrapped_models(kind):
    expected = st.encode(small(), (1, 8, 8))
    found = st.encode(WRAPPED[kind](small()), (1, 8, 8))
    assert found.num_edges == expected.num_edges
    assert (found.to_scipy() != expected.to_scipy()).nnz == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_model_works_or_is_refused():
    expected = st.encode(small().eval(), (1, 8, 8)).num_edges
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(small().eval())
    works_or_is_refused(lambda: st.encode(scripted, (1, 8, 8)).num_edges, expected, "script")


def test_lazy_layers_work_or_are_refused_and_stay_lazy():
    net = nn.Sequential(nn.Flatten(), nn.LazyLinear(4))
    works_or_is_refused(lambda: st.encode(net, (1, 8, 8), {}).num_edges, 64 * 4, "LazyLinear")
    assert isinstance(net[1], nn.LazyLinear)
    assert isinstance(net[1].weight, nn.UninitializedParameter)


def test_meta_models_are_traced_but_have_no_weights_to_encode():
    plan = st.trace(small().to("meta"), (1, 8, 8))
    assert plan.layer_sizes == st.trace(small(), (1, 8, 8)).layer_sizes
    assert_refused(
        lambda: st.encode(small().to("meta"), (1, 8, 8)), "meta", ("0.weight", "4.weight")
    )


class FixedFilter(nn.Module):
    """A fixed filter kept as a plain attribute, neither parameter nor buffer."""

    def __init__(self):
        super().__init__()
        self.c, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(4 * 16, 4)
        self.blur = torch.ones(4, 1, 3, 3) / 9

    def forward(self, x):
        return self.fc(
            functional.conv2d(functional.relu(self.c(x)), self.blur, groups=4).flatten(1)
        )


def in_inference_mode(m, x):
    with torch.inference_mode():
        y = m.a(x).relu()
    return m.b(y.clone().flatten(1))


def without_gradient(m, x):
    with torch.no_grad():
        y = m.a(x).relu()
    return m.b(y.flatten(1))


def under_autocast(m, x):
    with torch.autocast("cpu", torch.bfloat16):
        return m.b(m.a(x).relu().flatten(1))


def cast_to_float(m, x):
    return m.b(m.a(x.float()).relu().flatten(1).float())


def relu_in_place_on_the_input(m, x):
    return m.b(m.a(functional.relu_(x)).flatten(1))


def with_unused_layer(m, x):
    m.c(m.a(x))
    return m.b(m.a(x).flatten(1))


def with_detached_features(m, x):
    return m.b(m.a(x).detach().flatten(1))


BODIES = [in_inference_mode, without_gradient, under_autocast, cast_to_float, relu_in_place_on_the_input,
          with_unused_layer, with_detached_features]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_ways_to_run_a_backbone(body):
    def plain(m, x):
        return m.b(m.a(x).flatten(1))

    layers = {"a": nn.Conv2d(1, 4, 3), "b": nn.Linear(64, 4), "c": nn.Conv2d(4, 4, 3)}
    expected = st.encode(Net(plain, **layers), (1, 6, 6))
    found = st.encode(Net(body, **layers), (1, 6, 6))
    assert found.layer_sizes == expected.layer_sizes
    assert found.num_edges == expected.num_edges
    # Under autocast the operations receive weights that are rounded to bfloat16.
    np.testing.assert_allclose(
        found.to_scipy().toarray(), expected.to_scipy().toarray(), rtol=2**-7
    )


def test_a_fixed_filter_is_a_layer():
    assert_agrees(FixedFilter(), (1, 8, 8))


def test_auxiliary_heads_and_named_tuples_of_torchvision():
    model = torchvision.models.googlenet(weights=None, init_weights=False, num_classes=4)
    plan = st.trace(model, (3, 64, 64))
    assert not any(name.startswith("aux") for name in plan.parameters)


def test_channels_that_are_rescaled_and_joined_again_keep_the_frame():
    """GoogLeNet with pretrained weights rescales each channel of its input."""
    options = {"weights": None, "init_weights": False, "aux_logits": False}
    plain = st.trace(torchvision.models.googlenet(**options), (3, 64, 64))
    rescaled = st.trace(torchvision.models.googlenet(**options, transform_input=True), (3, 64, 64))
    assert rescaled.layer_sizes == plain.layer_sizes


EXAMPLES = {
    "tensor": lambda x: x,
    "tuple": lambda x: (x,),
    "keywords": lambda x: {"x": x},
}


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_the_example_may_be_a_tensor_a_tuple_or_keywords(kind):
    expected = st.encode(small(), (1, 8, 8))
    net = Net(lambda m, x: m.net(x), net=small())
    found = st.encode(net, example=EXAMPLES[kind](torch.zeros(1, 1, 8, 8)))
    assert (found.to_scipy() != expected.to_scipy()).nnz == 0


class TwoInputs(nn.Module):
    """An image and a vector."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(1, 2, 2), nn.Linear(3, 4), nn.Linear(12, 2)

    def forward(self, image, vector=None, flag=True):
        assert flag
        return self.c(torch.cat([self.a(image).flatten(1), self.b(vector)], 1))


def test_several_inputs():
    net = TwoInputs()
    image, vector = torch.zeros(1, 1, 3, 3), torch.zeros(1, 3)
    counts = {
        st.encode(net, example=(image, vector)).num_edges,
        st.encode(net, example={"image": image, "vector": vector, "flag": True}).num_edges,
    }
    assert counts == {16 * 2 + 12 + 24}


class Words(nn.Module):
    """Token ids, embedded."""

    def __init__(self):
        super().__init__()
        self.embedding, self.a, self.b = nn.Embedding(10, 4), nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, ids, attention_mask=None):
        x = self.a(self.embedding(ids)).relu()
        return self.b(x.mean(1))


def test_token_ids_begin_at_their_embedding():
    mge = st.encode(Words(), example=torch.tensor([[1, 2, 3, 4, 5]]))
    assert mge.layer_sizes == [20, 15, 2]
    assert mge.num_edges == 5 * 4 * 3 + 15 * 2


def test_a_plan_encodes_the_next_mask_and_refuses_another_network():
    net = small()
    plan = st.trace(net, (1, 8, 8))
    masks = {"4.weight": torch.rand(4, 128) < 0.5}
    again, fresh = st.encode(net, masks=masks, plan=plan), st.encode(net, (1, 8, 8), masks)
    assert (again.to_scipy() != fresh.to_scipy()).nnz == 0
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    assert_refused(lambda: st.encode(other, plan=plan), "plan")


def test_an_example_is_needed_if_there_is_no_shape():
    assert_refused(lambda: st.encode(small()), "input_shape", "example")
