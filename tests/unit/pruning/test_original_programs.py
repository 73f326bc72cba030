"""Scores and masks of the original programs of SNIP, GraSP, ProsPR and SynFlow, on one seeded problem in float64.

`tests/golden/pruner_scores.json` says how the problem is made and which commits of the programs were run; of their
scores it holds each layer's share, of SynFlow's masks the weights that each layer keeps.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sparsetopo.architectures import build
from sparsetopo.networks.initialise import initialise
from sparsetopo.pruning import prune, score
from sparsetopo.pruning.algorithms import synflow
from sparsetopo.pruning.problem import Problem

SHAPE = (3, 8, 8)
RESULTS = json.loads((Path(__file__).parents[2] / "golden/pruner_scores.json").read_text())[
    "results"
]
OF_THREE_STEPS = {"steps": 3, "learning_rate": 0.5, "momentum": 0.9, "batch_size": 64}
SCORES = {
    "snip": ("snip", {}),
    "grasp": ("grasp", {"reinit": False}),
    "prospr_constant": ("prospr", {"first_step": "constant", **OF_THREE_STEPS}),
    "prospr_differentiated": ("prospr", {"first_step": "differentiated", **OF_THREE_STEPS}),
}


@pytest.fixture
def model():
    model = build("Resnet-20", SHAPE, 10)
    initialise(model, "golden", "Resnet-20", 0)
    return model.double()


@pytest.fixture(scope="module")
def data():
    images = np.random.Generator(np.random.Philox(20240416)).standard_normal((300, *SHAPE))
    return torch.from_numpy(images), torch.arange(300) % 10


def assert_shares(scores, expected):
    sums = {name: np.abs(np.asarray(values)).sum() for name, values in scores.items()}
    total = sum(sums.values())
    assert {name: value / total for name, value in sums.items()} == pytest.approx(
        expected["share_of_absolute_score_by_layer"], rel=1e-9
    )


@pytest.mark.parametrize("case", SCORES)
def test_scores(case, model, data):
    algorithm, options = SCORES[case]
    assert_shares(score(model, algorithm, data, seed=0, **options), RESULTS[case])


def test_first_round_of_synflow(model):
    problem = Problem(model, "synflow", input_shape=SHAPE)
    assert_shares(synflow.scores(problem), RESULTS["synflow_first_round"])


@pytest.mark.parametrize("sparsity", ["0.6", "0.9", "0.98"])
def test_masks_of_synflow(sparsity, model):
    mask = prune(model, "synflow", sparsity, input_shape=SHAPE)
    assert mask.layer_kept == RESULTS[f"synflow_mask_{sparsity}"]["kept_by_layer"]


def test_every_result_is_compared():
    compared = {*SCORES, "synflow_first_round"}
    assert compared | {f"synflow_mask_{s}" for s in ("0.6", "0.9", "0.98")} == set(RESULTS)
