"""Running out of memory: real failed allocations on the CPU, and what CUDA says, become one sentence."""

import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.memory import is_out_of_memory, named_out_of_memory
from sparsetopo.training.evaluate import evaluation_batch
from sparsetopo.training.images import ResidentImages
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train

LABELS = ("stripes", "small", 0)
RECIPE = Recipe(epochs=1, batch_size=8, learning_rate=0.05)


class Greedy(nn.Module):
    """Asks for 2 PB in training or in evaluation, for batches of more than one image."""

    def __init__(self, network, in_training):
        super().__init__()
        self.network, self.in_training = network, in_training

    def forward(self, images):
        if len(images) > 1 and self.training == self.in_training:
            torch.empty(2**49)
        return self.network(images)


@pytest.mark.parametrize("in_training", [True, False])
def test_the_setting_to_lower_is_named(make_network, tiny_dataset, in_training):
    sentence = (
        r"^training\.stripes\.batch_size: the memory of device 'cpu' does not suffice for 8 images "
        r"per step and 32 at a time in evaluation .*; lower it, .*can't allocate memory.*\)\.$"
    )
    with pytest.raises(SparsetopoError, match=sentence) as caught:
        train(Greedy(make_network(), in_training), tiny_dataset, RECIPE, order_labels=LABELS)
    assert "\n" not in str(caught.value)


def test_images_that_do_not_fit_are_named(make_network, tiny_dataset, monkeypatch):
    def fail(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 240.00 MiB.\nMore.")

    monkeypatch.setattr("sparsetopo.training.images.np.pad", fail)
    sentence = r"^data set 'stripes': its 37 training images .*fewer or smaller images \(CUDA out"
    with pytest.raises(SparsetopoError, match=sentence):
        train(make_network(), tiny_dataset, RECIPE, order_labels=LABELS)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        MemoryError(),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_what_torch_says_on_a_gpu_is_recognised(error):
    assert is_out_of_memory(error)
    with (
        pytest.raises(SparsetopoError, match=r"^lower it \(.+\)\.$"),
        named_out_of_memory("lower it"),
    ):
        raise error


def test_other_errors_pass_as_they_are():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), named_out_of_memory("x"):
        torch.zeros(2, 3) @ torch.zeros(2, 3)


def test_evaluation_takes_less_at_a_time_when_the_batch_size_is_lowered():
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    sizes = (1, 16, 32, 128, 512)
    assert [evaluation_batch(size, cpu) for size in sizes] == [4, 64, 128, 128, 128]
    assert [evaluation_batch(size, gpu) for size in sizes] == [4, 64, 128, 512, 512]


def test_images_are_held_once_padded_and_never_as_floats():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (2000, 3, 32, 32), dtype=np.uint8)
    labels = np.arange(2000) % 10
    dataset = PreparedDataset.from_arrays("noise", (images, labels), (images, labels), 10)
    # NumPy reports its memory to tracemalloc, torch does not: a copy by torch would be another buffer.
    tracemalloc.start()
    stored = ResidentImages(images, labels, dataset, torch.device("cpu"), padded=True)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    padded = 2000 * 40 * 40 * 3
    assert padded <= held <= peak < 1.05 * padded
    tensors = [value for value in vars(stored).values() if isinstance(value, torch.Tensor)]
    assert sum(tensor.nbytes for tensor in tensors) < 1.05 * padded
