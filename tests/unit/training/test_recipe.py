"""The training recipe: what it refuses, its learning rate, its record."""

import json

import pytest

from sparsetopo.errors import ConfigurationError
from sparsetopo.training.recipe import Recipe

VALID = {"epochs": 160, "batch_size": 128, "learning_rate": 0.1, "milestones": (80, 120)}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"epochs": 0}, "epochs is 0; it must be a whole number of at least 1."),
        ({"epochs": True}, "epochs is True; it must be a whole number of at least 1."),
        ({"batch_size": 12.5}, "batch_size is 12.5; it must be a whole number of at least 1."),
        ({"learning_rate": 0}, "learning_rate is 0; it must be a number above 0."),
        ({"learning_rate": float("nan")}, "learning_rate is nan; it must be a number above 0."),
        ({"learning_rate": "0.1"}, "learning_rate is '0.1'; it must be a number above 0."),
        ({"momentum": 1}, "momentum is 1; it must be a number from 0 to below 1."),
        ({"weight_decay": -1e-4}, "weight_decay is -0.0001; it must be a number of at least 0."),
        ({"decay_factor": 0.1}, "decay_factor is 0.1; it must be a number of at least 1."),
        ({"evaluate_every": 0}, "evaluate_every is 0; it must be a whole number of at least 1."),
        ({"augmentation": "flip"}, "augmentation is 'flip'; known: none, crop-flip."),
    ],
)
def test_each_fault_is_one_sentence(values, sentence):
    with pytest.raises(ConfigurationError) as caught:
        Recipe(**(VALID | values))
    assert caught.value.problems == [f"training recipe: {sentence}"]


@pytest.mark.parametrize("milestones", [(0,), (80, 80), (120, 80), (160,), (1.5,), "80", None])
def test_milestones_must_ascend_within_the_epochs(milestones):
    with pytest.raises(ConfigurationError) as caught:
        Recipe(**(VALID | {"milestones": milestones}))
    assert caught.value.problems == [
        f"training recipe: milestones are {milestones!r}; with 160 epochs they must be whole "
        f"numbers, ascending, above 0 and below 160."
    ]


def test_all_faults_are_listed_at_once():
    with pytest.raises(ConfigurationError) as caught:
        Recipe(epochs=-1, batch_size=0, learning_rate=-0.1)
    assert len(caught.value.problems) == 3


def test_learning_rate_falls_after_each_milestone():
    recipe = Recipe(**VALID)
    rates = [recipe.learning_rate_at(epoch) for epoch in (0, 79, 80, 119, 120, 159)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rel=1e-12)


def test_record_of_a_run_that_is_always_evaluated_is_the_one_it_was():
    """Snakemake would train whole studies again if their recipes had one more key."""
    assert "evaluate_every" not in Recipe(**VALID).to_record()
    now_and_then = Recipe(**VALID, evaluate_every=20)
    assert Recipe.from_record(now_and_then.to_record()) == now_and_then
    assert [n for n in range(160) if now_and_then.is_evaluated(n)] == list(range(19, 160, 20))


def test_record_round_trip():
    recipe = Recipe(**VALID, augmentation="crop-flip", weight_decay=5e-4)
    record = json.loads(json.dumps(recipe.to_record()))
    assert Recipe.from_record(record) == recipe
    assert record["milestones"] == [80, 120]


def test_whole_and_floating_numbers_give_one_record():
    one = Recipe(epochs=2, batch_size=4, learning_rate=1, momentum=0, decay_factor=2)
    other = Recipe(epochs=2, batch_size=4, learning_rate=1.0, momentum=0.0, decay_factor=2.0)
    assert json.dumps(one.to_record()) == json.dumps(other.to_record())


def test_unknown_and_missing_keys_of_a_record():
    with pytest.raises(ConfigurationError) as caught:
        Recipe.from_record({"epochs": 3, "batch_size": 4, "lr": 0.1})
    unknown, missing = caught.value.problems
    assert unknown.startswith("training recipe: unknown key 'lr'; known keys: epochs, batch_size,")
    assert missing == "training recipe: 'learning_rate' is missing; it has no default."
