"""A model, the random generators and torch's settings are bit for bit what they were, also after a refusal."""

import gc
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

import sparsetopo as st
from sparsetopo.errors import SparsetopoError
from sparsetopo.networks import untouched


class Restless(nn.Module):
    """Changes whatever a module can change about itself whenever it runs."""

    def __init__(self, last):
        super().__init__()
        self.conv = prune.random_unstructured(nn.Conv2d(1, 2, 3, padding=1), "weight", 0.5)
        self.spectral = parametrizations.spectral_norm(nn.Conv2d(2, 2, 1))
        self.norm, self.drop = nn.BatchNorm2d(2, momentum=None), nn.Dropout(0.5)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("history", torch.zeros(3), persistent=False)
        self.counter, self.seen, self.table = 0, [], {"last": None}
        self.cached = None
        self.last = last

    def forward(self, x):
        self.calls += 1
        self.history = torch.cat([self.history[1:], torch.rand(1)])
        self.counter += 1
        self.seen.append(tuple(x.shape))
        self.norm.eval()
        random.random()
        np.random.random()  # noqa: NPY002
        self.conv.bias.requires_grad_(False)
        y = self.drop(self.norm(self.spectral(self.conv(x)))).flatten(2)
        self.cached = self.table["last"] = y
        self.added = nn.Parameter(torch.zeros(1))
        y = self.frozen(self.attention(y, y, y)[0])
        return y.sort(1)[0] if self.last == "refused" else y


def everything(model):
    """What can be compared of a model: tensors with their identities and versions, flags, attributes, hooks."""
    found = {}
    for path, module in model.named_modules():
        for name, tensor in (*module._parameters.items(), *module._buffers.items()):
            if tensor is not None:
                found[path, name] = (
                    id(tensor), tensor.data_ptr(), tensor._version, tensor.requires_grad, tensor.dtype,
                    tensor.detach().numpy().tobytes(), tensor.grad is None,
                )  # fmt: skip
        found[path, "mode"] = module.training
        found[path, "hooks"] = [
            list(getattr(module, n)) for n in vars(module) if n.endswith("_hooks")
        ]
        plain = {n: v for n, v in vars(module).items() if not isinstance(v, torch.Tensor | dict)}
        found[path, "attributes"] = sorted(vars(module)), repr(sorted(map(repr, plain.items())))
        found[path, "persistent"] = sorted(module._non_persistent_buffers_set)
    found["tables"] = repr(getattr(model, "table", None))
    return found


def surroundings():
    """Random state, and the settings of torch that a tracer might change."""
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": repr(np.random.get_state()),  # noqa: NPY002
        "python": random.getstate(),
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "dtype": torch.get_default_dtype(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "fast path": torch.backends.mha.get_fastpath_enabled(),
        "mkldnn": torch.backends.mkldnn.enabled,
        "threads": torch.get_num_threads(),
        "hooks": [
            dict(getattr(nn.modules.module, name))
            for name in (
                "_global_forward_hooks",
                "_global_forward_pre_hooks",
                "_global_backward_hooks",
            )
        ],
        "modes": torch.overrides._get_current_function_mode_stack(),
        "dispatch modes": torch.utils._python_dispatch._get_current_dispatch_mode_stack(),
    }


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("last", ["encoded", "refused"])
def test_a_restless_model_is_left_as_it_was(last, training, monkeypatch):
    # Random states are put back where no other thread may have drawn from them; a library of another test may have left
    # one.
    monkeypatch.setattr(untouched, "_is_alone", lambda: True)
    torch.manual_seed(0)
    model = Restless(last).train(training)
    model.norm.running_mean.uniform_()
    model.conv.bias.grad = torch.ones(2)
    before, around = everything(model), surroundings()
    if last == "refused":
        with pytest.raises(SparsetopoError, match="sort"):
            st.encode(model, (1, 2, 2))
    else:
        st.encode(model, (1, 2, 2))
    after = everything(model)
    assert {key: value for key, value in after.items() if before.get(key) != value} == {}
    assert before.keys() == after.keys()
    now = surroundings()
    assert {key for key in around if around[key] != now[key]} == set()
    assert not hasattr(model, "added")
    assert (model.cached, model.counter, model.seen) == (None, 0, [])


def test_masks_and_example_are_left_as_they_were():
    net = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(4, 2))
    example, mask = torch.full((1, 1, 2, 2), -1.0), torch.ones(2, 4)
    st.encode(net, masks={"2.weight": mask}, example=example)
    assert bool((example == -1).all())
    assert bool((mask == 1).all())
    assert example._version == mask._version == 0


def test_a_model_that_raises_is_left_as_it_was():
    class Raising(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)

        def forward(self, x):
            self.norm(self.a(x))
            raise KeyError("something of the model's own")

    model = Raising().train()
    before, around = everything(model), surroundings()
    with pytest.raises((SparsetopoError, KeyError)) as caught:
        st.encode(model, (4,))
    assert "something of the model's own" in str(caught.value)
    assert everything(model) == before
    now = surroundings()
    assert {key for key in around if around[key] != now[key]} == set()


def test_no_tensor_of_the_model_outlives_the_graph():
    """Nothing keeps the model alive: no cache of the tracer, no hook."""
    import weakref

    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    reference, weight = weakref.ref(model), weakref.ref(model[0].weight)
    mge = st.encode(model, (4,))
    del model
    gc.collect()
    assert reference() is None
    assert weight() is None
    assert mge.num_edges == 18


def test_weights_of_the_graph_are_copies():
    model = nn.Linear(4, 2, bias=False)
    mge = st.encode(model, (4,))
    before = mge.to_scipy().sum()
    with torch.no_grad():
        model.weight.zero_()
    assert mge.to_scipy().sum() == before


class OneSample(nn.Module):
    """Takes one sample at a time."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 4))
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(torch.cat([self.token, x], 1))


def test_nothing_is_printed(capfd, caplog):
    st.trace(OneSample(), (3, 4))
    written = capfd.readouterr()
    assert written.out + written.err == ""
    assert not caplog.records
