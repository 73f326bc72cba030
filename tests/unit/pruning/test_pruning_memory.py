"""Running out of memory names the setting to lower; the network is put back all the same."""

import copy

import pytest
import torch
from torch import nn

from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning import ALGORITHMS, memory_options, needs, prune

SETTINGS = {
    "snip": "set pruning.snip.batch_size lower",
    "prospr": "set pruning.prospr.batch_size lower",
    "grasp": "set pruning.grasp.chunk_size or pruning.grasp.samples_per_class lower",
    "synflow": "use a device with more",
}


class Greedy(nn.Module):
    """Asks for more memory than any machine has, or says that a GPU has no more."""

    def __init__(self, real):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1)
        self.real = real

    def forward(self, x):
        if self.real:
            return self.conv(x) + torch.empty(2**50)[:1]
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore lines.")


@pytest.mark.parametrize("real", [True, False], ids=["machine", "gpu"])
@pytest.mark.parametrize("deep", [True, False], ids=["in a segment", "outside"])
@pytest.mark.parametrize("algorithm", sorted(SETTINGS))
def test_the_setting_to_lower_is_named(algorithm, deep, real, small_data):
    greedy = nn.Sequential(Greedy(real), *([nn.Conv2d(2, 2, 1)] * 2 if deep else []))
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)), greedy, nn.Flatten(), nn.Linear(32, 4)
    )
    before = copy.deepcopy(model.state_dict())
    images, labels = small_data
    with pytest.raises(SparsetopoError) as caught:
        prune(model, algorithm, "0.5", (images.float(), labels))
    message = str(caught.value)
    assert message.startswith(f"{algorithm} ran out of memory")
    assert SETTINGS[algorithm] in message
    assert "allocate" in message
    assert "\n" not in message
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_settings_are_options_of_the_algorithm():
    for name, entry in ALGORITHMS.items():
        settings = memory_options(name)
        assert set(settings) <= set(entry.options)
        assert settings or needs(name) != "data"


@pytest.mark.parametrize("error", [RuntimeError("odd shapes"), KeyError("a"), MemoryError()])
def test_other_errors_keep_their_kind(error, small_network, small_data, monkeypatch):
    def fail(problem):
        raise error

    monkeypatch.setattr(ALGORITHMS["snip"].load(), "scores", fail)
    expected = SparsetopoError if isinstance(error, MemoryError) else type(error)
    with pytest.raises(expected) as caught:
        prune(small_network, "snip", 0.5, small_data)
    named = str(caught.value).startswith("snip ran out of memory")
    assert named == isinstance(error, MemoryError)
