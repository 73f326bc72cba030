"""Whole training runs: against a plain loop, masks, determinism, divergence, what is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sparsetopo.errors import ConfigurationError, DataError, MaskError
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.draws import draw_epoch
from sparsetopo.training.evaluate import evaluate
from sparsetopo.training.images import ResidentImages
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train

LABELS = ("stripes", "small", 0)
RECIPE = Recipe(
    epochs=5, batch_size=8, learning_rate=0.05, weight_decay=1e-3, milestones=(2, 4), decay_factor=5
)


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def identical(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def plain_loop(model, dataset, recipe, masks=None):
    """Train as a textbook does: torch.optim.SGD, a scheduler, masks multiplied on."""
    keep = {name: torch.from_numpy(mask) for name, mask in (masks or {}).items()}
    named = dict(model.named_parameters())
    images = torch.from_numpy(dataset.normalised("train"))
    targets = torch.from_numpy(dataset.train_labels)
    test_images = torch.from_numpy(dataset.normalised("test"))
    optimiser = torch.optim.SGD(
        model.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay
    )
    scheduler = torch.optim.lr_scheduler.MultiStepLR(
        optimiser, list(recipe.milestones), 1 / recipe.decay_factor
    )
    accuracies, losses = [], []
    for name, kept in keep.items():
        named[name].data.mul_(kept)
    for epoch in range(recipe.epochs):
        model.train()
        order = torch.from_numpy(draw_epoch(LABELS, epoch, len(images), False).order)
        total = 0.0
        for batch in order.split(recipe.batch_size):
            optimiser.zero_grad()
            loss = functional.cross_entropy(model(images[batch]), targets[batch])
            loss.backward()
            for name, kept in keep.items():
                named[name].grad.mul_(kept)
            optimiser.step()
            total += loss.item() * len(batch)
        scheduler.step()
        model.eval()
        with torch.no_grad():
            right = model(test_images).argmax(1).numpy() == dataset.test_labels
        accuracies.append(right.mean())
        losses.append(total / len(images))
    return accuracies, losses


@pytest.mark.parametrize("masked", [False, True])
def test_a_run_equals_a_plain_loop(make_network, tiny_dataset, half_mask, masked):
    mask = half_mask if masked else None
    ours, reference = make_network(), make_network()
    result = train(ours, tiny_dataset, RECIPE, order_labels=LABELS, mask=mask)
    accuracies, losses = plain_loop(reference, tiny_dataset, RECIPE, mask)
    assert [record["accuracy"] for record in result.history] == pytest.approx(accuracies)
    assert [record["loss"] for record in result.history] == pytest.approx(losses, rel=1e-4)
    # The plain loop keeps the other memory layout, whose convolutions round differently.
    for name, tensor in reference.state_dict().items():
        assert torch.allclose(ours.state_dict()[name], tensor, rtol=1e-3, atol=1e-5), name
    assert result.accuracy == result.history[-1]["accuracy"] > 0.8
    assert result.best_accuracy == max(accuracies)


def test_history_holds_every_epoch_and_no_times(make_network, tiny_dataset):
    result = train(make_network(), tiny_dataset, RECIPE, order_labels=LABELS)
    assert [record["epoch"] for record in result.history] == [1, 2, 3, 4, 5]
    rates = [record["learning_rate"] for record in result.history]
    assert rates == pytest.approx([0.05, 0.05, 0.01, 0.01, 0.002], rel=1e-12)
    keys = {"epoch", "learning_rate", "loss", "test_loss", "accuracy"}
    assert all(set(record) == keys for record in result.history)


def test_a_run_evaluated_now_and_then_ends_with_the_same_weights(make_network, tiny_dataset):
    runs = []
    for every in (1, 2, 9):
        model, lines = make_network(), []
        recipe = replace(RECIPE, evaluate_every=every)
        result = train(model, tiny_dataset, recipe, order_labels=LABELS, progress=lines.append)
        runs.append((result, weights(model), lines))
    (always, first, _), (second, weights_2, lines), (last, weights_9, _) = runs
    assert identical(first, weights_2)
    assert identical(first, weights_9)
    assert always.accuracy == second.accuracy == last.accuracy == last.best_accuracy
    assert second.history == [
        record
        if record["epoch"] in (2, 4, 5)
        else {key: record[key] for key in ("epoch", "learning_rate", "loss")}
        for record in always.history
    ]
    assert [line.accuracy is None for line in lines] == [True, False, True, False, False]
    assert "accuracy" not in str(lines[0])
    assert "test accuracy" in str(lines[1])


def test_a_run_that_diverges_is_evaluated_whatever_the_recipe_says(make_network, tiny_dataset):
    recipe = Recipe(epochs=5, batch_size=8, learning_rate=1e30, evaluate_every=5)
    result = train(make_network(), tiny_dataset, recipe, order_labels=LABELS)
    assert result.status == "diverged"
    assert len(result.history) < 5
    assert result.accuracy == result.history[-1]["accuracy"]


def test_progress_is_told_after_each_epoch(make_network, tiny_dataset):
    lines = []
    result = train(make_network(), tiny_dataset, RECIPE, order_labels=LABELS, progress=lines.append)
    assert [line.epoch for line in lines] == [1, 2, 3, 4, 5]
    assert [line.accuracy for line in lines] == [record["accuracy"] for record in result.history]
    assert all(line.images_per_second > 0 for line in lines)
    assert str(lines[1]).startswith(f"epoch 2/5: loss {result.history[1]['loss']:.4f}, test accur")


def test_pruned_weights_are_exactly_zero_after_training(make_network, tiny_dataset, half_mask):
    model = make_network()
    before = weights(model)
    train(model, tiny_dataset, RECIPE, order_labels=LABELS, mask=half_mask)
    for name, mask in half_mask.items():
        after = model.state_dict()[name].numpy()
        assert np.all(after[~mask].view(np.int32) == 0)
        assert np.all(after[mask] != before[name].numpy()[mask])


@pytest.mark.parametrize("augmentation", ["none", "crop-flip"])
def test_two_runs_are_bit_identical_and_other_labels_are_not(
    make_network, tiny_dataset, augmentation
):
    recipe = Recipe(epochs=2, batch_size=8, learning_rate=0.05, augmentation=augmentation)
    finals = []
    for labels in (LABELS, LABELS, ("stripes", "small", 1)):
        model = make_network()
        train(model, tiny_dataset, recipe, order_labels=labels)
        finals.append(weights(model))
    assert identical(finals[0], finals[1])
    assert not identical(finals[0], finals[2])


def test_layers_that_draw_random_numbers_are_reproducible(tiny_dataset):
    finals = []
    for _ in range(2):
        torch.rand(3)  # the caller's generator must not matter
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(72, 3))
        with torch.no_grad():
            model[2].weight.fill_(0.01)
            model[2].bias.zero_()
        train(model, tiny_dataset, RECIPE, order_labels=LABELS)
        finals.append(weights(model))
    assert identical(*finals)


def test_torchs_settings_and_generator_are_put_back(make_network, tiny_dataset):
    model, modes = make_network(), []
    state = torch.get_rng_state()
    train(
        model,
        tiny_dataset,
        RECIPE,
        order_labels=LABELS,
        progress=lambda _: modes.append(torch.are_deterministic_algorithms_enabled()),
    )
    assert modes == [True] * 5
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory
    assert torch.equal(torch.get_rng_state(), state)


def test_divergence_is_a_result(make_network, tiny_dataset, half_mask):
    recipe = Recipe(epochs=6, batch_size=8, learning_rate=1e6)
    model = make_network(batch_norm=False)
    result = train(model, tiny_dataset, recipe, order_labels=LABELS, mask=half_mask)
    assert result.status == "diverged"
    assert 1 <= len(result.history) < 6
    assert result.history[-1]["loss"] is None
    assert model.state_dict()["6.weight"].isnan().any()
    assert result.accuracy == result.history[-1]["accuracy"] == 0
    for name, mask in half_mask.items():
        assert np.all(model.state_dict()[name].numpy()[~mask].view(np.int32) == 0)


class Fixed(nn.Module):
    """Gives the same logits for every batch, whatever the images."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.tensor(logits)

    def forward(self, images):
        return self.logits


def test_nan_logits_count_as_wrong(tiny_dataset):
    nan, inf = float("nan"), float("inf")
    images = ResidentImages(
        tiny_dataset.test_images[:5], np.zeros(5, np.int64), tiny_dataset, torch.device("cpu")
    )
    # argmax takes a NaN for the largest: the first three rows would be called class 0, 0 and 1.
    logits = [[nan, 0.0, 0], [nan, nan, nan], [0, nan, 0], [1, 0, 0], [inf, 0, 0]]
    evaluation = evaluate(Fixed(logits), images)
    assert evaluation.accuracy == 2 / 5
    assert not math.isfinite(evaluation.loss)


def test_evaluation_in_parts_equals_one_forward_pass(make_network, tiny_dataset):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (1100, 2, 6, 6), dtype=np.uint8)
    labels = random.integers(0, 3, 1100)
    images = ResidentImages(pixels, labels, tiny_dataset, torch.device("cpu"))
    model = make_network()
    evaluation = evaluate(model, images)
    with torch.no_grad():
        logits = model(images.batch(slice(None)))
    loss = functional.cross_entropy(logits, images.labels).item()
    assert evaluation.accuracy == (logits.argmax(1) == images.labels).double().mean().item()
    assert evaluation.loss == pytest.approx(loss, rel=1e-6)


def test_what_does_not_fit_is_refused(make_network, tiny_dataset):
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 4))
    with pytest.raises(DataError, match=r"output of shape \(1, 4\); with 3 classes it must be"):
        train(model, tiny_dataset, RECIPE, order_labels=LABELS)
    with pytest.raises(MaskError, match="names 'fc'"):
        train(
            make_network(),
            tiny_dataset,
            RECIPE,
            order_labels=LABELS,
            mask={"fc": np.ones(1, bool)},
        )


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ("gpu", "device 'gpu' is unknown; use 'cpu'"),
        ("meta", "device 'meta' is unknown; use 'cpu'"),
        (
            "cuda:99",
            r"device 'cuda:99' is not there: torch .* sees \d+ CUDA devices.*compute.device",
        ),
    ],
)
def test_a_device_that_is_not_there_is_refused(make_network, tiny_dataset, device, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        train(make_network(), tiny_dataset, RECIPE, LABELS, arithmetic=Arithmetic(device=device))
