"""`restored` leaves no trace of what was done to a network, also if it fails."""

import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune as torch_prune

from sparsetopo.networks import untouched
from sparsetopo.networks.restore import restored


def hook(module, inputs):
    """Do nothing, as a forward hook."""


@pytest.fixture
def network():
    """A network in a state that is nowhere the default one."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
    torch_prune.random_unstructured(model[3], "weight", 0.5)
    model(torch.randn(5, 1, 4, 4)).sum().backward()
    with torch.no_grad():
        model[0].weight[0, 0, 0] = torch.tensor([-0.0, float("nan"), float("inf")])
    model[0].bias.grad = None
    model[1].eval()
    model[1].bias.requires_grad_(False)
    model[3].bias = model[1].bias  # shared
    model[0].register_forward_pre_hook(hook)
    return model


def state(model):
    """Everything a network holds: identities, contents as bytes, flags, hooks, random state."""
    tensors = [(n, t) for n, t in (*model.named_parameters(), *model.named_buffers())]
    return {
        "tensors": [
            (name, id(t), t.data_ptr(), t.dtype, t.detach().numpy().tobytes(), t.requires_grad)
            for name, t in tensors
        ],
        "gradients": [
            None if t.grad is None else (id(t.grad), t.grad.numpy().tobytes()) for _, t in tensors
        ],
        "plain": [(id(model[3].weight), model[3].weight.grad_fn)],
        "modules": [(name, id(module), module.training) for name, module in model.named_modules()],
        "hooks": [
            list(hooks.items())
            for module in model.modules()
            for name, hooks in sorted(vars(module).items())
            if name.endswith("_hooks")
        ],
        "random": torch.get_rng_state().numpy().tobytes(),
    }


def change_everything(model):
    model[0].register_forward_hook(lambda module, inputs, output: output * 2)
    model[0]._forward_pre_hooks.clear()
    model.append(nn.Linear(2, 2))
    model[2] = nn.Identity()
    model[0].register_parameter("extra", nn.Parameter(torch.ones(1)))
    model[0].bias = nn.Parameter(torch.ones(2))
    model.double()
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data.abs_().add_(1)
    model[1].bias.requires_grad_(True)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    model[3].weight = torch.zeros(2, 8)
    model.train()
    torch.rand(3)


def test_everything_is_put_back(network):
    before = state(network)
    versions = [tensor._version for tensor in network.buffers()]
    with restored(network):
        change_everything(network)
        assert state(network) != before
    assert state(network) == before
    assert [tensor._version for tensor in network.buffers()] == versions


def test_everything_is_put_back_if_the_block_fails(network):
    def change_and_fail():
        change_everything(network)
        raise RuntimeError("halfway")

    before = state(network)
    with pytest.raises(RuntimeError, match="halfway"), restored(network):
        change_and_fail()
    assert state(network) == before


def test_hooks_can_still_be_removed(network):
    handle = network[0].register_forward_pre_hook(hook)
    with restored(network):
        network[0]._forward_pre_hooks.clear()
    assert len(network[0]._forward_pre_hooks) == 2
    handle.remove()
    assert len(network[0]._forward_pre_hooks) == 1


def test_gradients_are_none_inside(network):
    with restored(network):
        assert all(parameter.grad is None for parameter in network.parameters())
    assert any(parameter.grad is not None for parameter in network.parameters())


def read_only(model):
    array = np.zeros(2, np.float32)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        model.bias = nn.Parameter(torch.from_numpy(array))
    return model


def expanded(model):
    model.bias = nn.Parameter(torch.zeros(1).expand(2))
    return model


def sparse(model):
    model.register_buffer("table", torch.eye(2).to_sparse())
    return model


def made_in_inference_mode(model):
    with torch.inference_mode():
        return nn.Linear(3, 2)


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
@pytest.mark.parametrize(
    "change", [expanded, sparse, made_in_inference_mode, lambda model: model.to("meta")]
)
def test_networks_that_cannot_be_written_to_are_no_problem_if_unchanged(change):
    model = change(nn.Linear(3, 2))
    before = [id(tensor) for tensor in (*model.parameters(), *model.buffers())]
    with restored(model), torch.no_grad():
        model.eval()
    assert model.training
    assert [id(tensor) for tensor in (*model.parameters(), *model.buffers())] == before


def test_what_modules_remember_in_attributes_is_put_back(monkeypatch):
    # Random states are put back where no other thread may have drawn from them; some library of another test may have
    # left one.
    monkeypatch.setattr(untouched, "_is_alone", lambda: True)

    class Remembering(nn.Linear):
        """Counts its calls, in whatever holds a number."""

        def __init__(self):
            super().__init__(3, 2)
            self.calls, self.seen, self.last = 0, [], {}
            self.scale, self.several = torch.ones(2), [torch.zeros(1)]

        def forward(self, x):
            self.calls += 1
            self.seen.append(super().forward(x) * self.scale)
            self.last["output"] = self.output = self.seen[-1]
            self.scale *= 0.9
            self.several[0] += random.random() + np.random.random()  # noqa: NPY002
            self.weight.org = self.weight.data
            return self.output

    model = Remembering()
    scale, several = model.scale, model.several[0]
    python, numpy = random.getstate(), np.random.get_state()[2]  # noqa: NPY002
    with restored(model):
        model(torch.ones(1, 3))
    assert (model.calls, model.seen, model.last) == (0, [], {})
    assert not hasattr(model, "output")
    assert model.scale is scale
    assert scale.tolist() == [1, 1]
    assert several.item() == 0
    assert not vars(model.weight)
    assert random.getstate() == python
    assert np.random.get_state()[2] == numpy  # noqa: NPY002
