"""Which weights the output depends on, whatever their values are, and which of them autograd cannot see."""

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from sparsetopo.networks.running.influence import Influence, influence


class Net(nn.Module):
    """A convolution, a classifier, and a layer beside them, run in the way that is asked for."""

    def __init__(self, way):
        super().__init__()
        self.conv, self.fc, self.beside = nn.Conv2d(1, 2, 3), nn.Linear(18, 4), nn.Linear(18, 4)
        self.way = way

    def forward(self, x):
        h = self.conv(x)
        if self.way == "detached":
            h = h.detach()
        h = torch.relu(h).flatten(1)
        aux = self.beside(h.detach() if self.way == "beside, detached" else h)
        if self.way in ("beside", "beside, detached"):
            return {"aux": aux, "logits": self.fc(h)}
        if self.way == "added":
            return self.fc(h) + aux
        if self.way == "looked at":
            return self.fc(h) + (aux.detach() > 0)
        if self.way == "in training" and self.training:
            return self.fc(h) + aux
        return self.fc(h) + 0 * aux if self.way == "times zero" else self.fc(h)


X = torch.rand(1, 1, 5, 5)


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("unused", Influence(("beside.weight",))),
        ("beside", Influence(("beside.weight",))),
        ("beside, detached", Influence(("beside.weight",))),
        ("in training", Influence(("beside.weight",))),
        ("added", Influence()),
        ("times zero", Influence()),  # read, as the graph has it
        ("looked at", Influence((), ("beside.weight",))),
        ("detached", Influence(("beside.weight",), ("conv.weight",))),
    ],
)
def test_what_the_logits_depend_on(way, expected):
    torch.manual_seed(0)
    assert influence(Net(way), X) == expected


@pytest.mark.parametrize("make", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("caller", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_what_is_computed_without_gradients_is_hidden(make, caller):
    class Backbone(Net):
        def forward(self, x):
            with make():
                h = torch.relu(self.conv(x)).flatten(1)
            return self.fc(h.clone())

    model = Backbone("")
    with caller():
        assert influence(model, X) == Influence(("beside.weight",), ("conv.weight",))


def test_values_do_not_matter():
    model = Net("added")
    with torch.no_grad():
        model.fc.weight.zero_()
        model.beside.weight.zero_()
        model.conv.bias.fill_(-100)
    assert influence(model, torch.zeros_like(X)) == Influence()


def test_networks_that_draw_random_numbers():
    class Noisy(Net):
        def forward(self, x):
            return self.fc(self.conv(x).flatten(1)) + torch.randn(4)

    assert influence(Noisy(""), X) == Influence(("beside.weight",))


def test_attention_that_computes_otherwise_without_gradients():
    """`nn.TransformerEncoderLayer` has a fast path in evaluation mode, which rounds differently."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    layer.unused = nn.Linear(3, 3)
    assert influence(layer, torch.randn(1, 5, 8)) == Influence(("unused.weight",))


def test_checkpoints_hide_nothing():
    class Saving(Net):
        def forward(self, x):
            h = checkpoint(lambda y: self.conv(y).relu(), x, use_reentrant=False)
            return self.fc(h.flatten(1))

    assert influence(Saving(""), X) == Influence(("beside.weight",))


def test_on_the_device_meta_the_graph_alone_is_looked_at():
    model = Net("unused").to("meta")
    assert influence(model, X.to("meta")) == Influence(("beside.weight",))


def test_the_network_is_left_as_it_was():
    model = Net("looked at")
    model.fc.weight.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    influence(model, X)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert [p.requires_grad for p in model.parameters()] == [True, True, False, True, True, True]
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
