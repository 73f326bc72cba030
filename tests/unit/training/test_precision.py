"""Number formats: bfloat16 against a plain autocast loop, settings put back, what is refused."""

import pytest
import torch
from torch.nn import functional

from sparsetopo.errors import ConfigurationError
from sparsetopo.networks.precision import check_precision, tf32_only_if_asked
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.draws import draw_epoch
from sparsetopo.training.evaluate import evaluate
from sparsetopo.training.images import ResidentImages
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train

LABELS = ("stripes", "small", 0)
RECIPE = Recipe(epochs=2, batch_size=8, learning_rate=0.05, weight_decay=1e-3)
CPU, GPU = torch.device("cpu"), torch.device("cuda")
BFLOAT16 = Arithmetic(precision="bfloat16")


def bfloat16_loop(model, dataset, masks):
    """Train as a textbook does: autocast, torch.optim.SGD, masks multiplied on."""
    model.to(memory_format=torch.channels_last)
    named = dict(model.named_parameters())
    keep = {name: torch.from_numpy(mask) for name, mask in masks.items()}
    images = torch.from_numpy(dataset.normalised("train"))
    targets = torch.from_numpy(dataset.train_labels)
    optimiser = torch.optim.SGD(model.parameters(), 0.05, 0.9, weight_decay=1e-3)
    for name, kept in keep.items():
        named[name].data.mul_(kept)
    model.train()
    for epoch in range(2):
        order = torch.from_numpy(draw_epoch(LABELS, epoch, len(images), False).order)
        for batch in order.split(8):
            optimiser.zero_grad()
            inputs = images[batch].to(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                loss = functional.cross_entropy(model(inputs), targets[batch])
            loss.backward()
            for name, kept in keep.items():
                named[name].grad.mul_(kept)
            optimiser.step()


def test_bfloat16_equals_a_plain_autocast_loop_bit_for_bit(make_network, tiny_dataset, half_mask):
    ours, reference, full = make_network(), make_network(), make_network()
    arguments = {"order_labels": LABELS, "mask": half_mask}
    train(ours, tiny_dataset, RECIPE, arithmetic=BFLOAT16, **arguments)
    bfloat16_loop(reference, tiny_dataset, half_mask)
    train(full, tiny_dataset, RECIPE, **arguments)
    for name, tensor in reference.state_dict().items():
        assert torch.equal(ours.state_dict()[name], tensor), name
        assert ours.state_dict()[name].dtype in (torch.float32, torch.int64)
    assert not torch.equal(ours[0].weight, full[0].weight)
    # Eight bits of mantissa: 0.4 % a product, more after ten steps, but the same training.
    assert torch.allclose(ours[0].weight, full[0].weight, atol=0.05)


def test_evaluation_is_in_float32_whatever_training_computes_in(make_network, tiny_dataset):
    model = make_network()
    result = train(model, tiny_dataset, RECIPE, order_labels=LABELS, arithmetic=BFLOAT16)
    images = ResidentImages(tiny_dataset.test_images, tiny_dataset.test_labels, tiny_dataset, CPU)
    assert result.history[-1]["test_loss"] == evaluate(model, images).loss
    with torch.autocast("cpu", torch.bfloat16):
        assert result.history[-1]["test_loss"] != evaluate(model, images).loss


def tf32_settings():
    backends = torch.backends
    return (
        backends.cudnn.conv.fp32_precision,
        backends.cudnn.rnn.fp32_precision,
        backends.cuda.matmul.fp32_precision,
        backends.cudnn.allow_tf32,
        backends.cuda.matmul.allow_tf32,
    )


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_a_gpu_uses_tf32_only_if_asked(precision):
    before = tf32_settings()
    assert before[0] == "tf32"  # torch's default, which would make float32 something else
    wanted = precision == "tf32"
    with tf32_only_if_asked(precision, GPU):
        assert tf32_settings() == (*["tf32" if wanted else "ieee"] * 3, wanted, wanted)
    assert tf32_settings() == before
    with pytest.raises(KeyError), tf32_only_if_asked(precision, GPU):
        raise KeyError
    assert tf32_settings() == before


def test_settings_of_the_caller_are_put_back():
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        before = tf32_settings()
        with tf32_only_if_asked("float32", GPU):
            assert not torch.backends.cuda.matmul.allow_tf32
        assert tf32_settings() == before
        assert before[-1]
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False


def test_a_precision_that_a_device_lacks_is_refused(monkeypatch):
    for precision, sentence in (
        ("tf32", "is 'tf32', which only GPUs have, on device 'cpu'; use 'float32'"),
        ("float16", "is 'float16'; known: float32, tf32, bfloat16"),
    ):
        with pytest.raises(ConfigurationError, match=sentence):
            Arithmetic(precision=precision).checked_device()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    for precision in ("tf32", "bfloat16"):
        with pytest.raises(ConfigurationError, match=r"has compute capability 7\.5, and it takes"):
            check_precision(precision, GPU)
    check_precision("float32", GPU)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    check_precision("bfloat16", GPU)
