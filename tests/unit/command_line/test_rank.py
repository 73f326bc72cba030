"""``sparsetopo rank``: masks made, measured and ordered, what it says of itself, and everything that can be wrong."""

import csv
import io
import itertools
import json

import numpy as np
import pandas as pd
import pytest
from tests.unit.command_line.conftest import WORDS

import sparsetopo as st
from sparsetopo import commands
from sparsetopo.analysis.paper.released_networks import released_networks
from sparsetopo.errors import UsageError

pytestmark = pytest.mark.usefixtures("model", "masks")
METRICS = ("sink", "n2", "strength")
RANK = (
    "rank",
    *WORDS,
    "--weights",
    "weights.pt",
    "--metrics",
    ",".join(METRICS),
    "--format",
    "json",
)
RANDOM = ("--algorithms", "uniform,er,erk", "--sparsity", "0.9")


@pytest.fixture
def study(folder):
    """The folder of a study of which accuracy falls with the share of sinks, and with nothing else."""
    random = np.random.default_rng(5)
    rows = []
    cells = itertools.product(
        ("uniform", "er", "erk", "snip"), ("digits", "letters"), ("0.5", "0.9"), range(3)
    )
    for number, (algorithm, dataset, sparsity, seed) in enumerate(cells):
        share = 0.05 + 0.01 * (number // 12) + random.uniform(0, 0.001)
        accuracy = 0.9 - share
        rows.append(
            {"algorithm": algorithm, "dataset": dataset, "architecture": "mine", "sparsity": sparsity, "seed": seed,
             "accuracy": accuracy, "accuracy_drop": 1 - accuracy / 0.9, "nodes": 100, "edges": 500,
             "sink": 100 * share, "n2": 100 * random.uniform(0, 1)}
        )  # fmt: skip
    path = folder / "study"
    (path / "tables").mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path / "tables" / "networks.csv", index=False)
    return path


def raw(model, mask):
    mge = st.encode(model, (1, 4, 4), mask)
    return {"nodes": mge.num_nodes, "edges": mge.num_edges, **st.topometrics(mge, METRICS)}


def independent(values, sparsity):
    """Scores by plain numpy from the packaged table: correlations over everything and over one sparsity."""
    table = released_networks()
    divisors = {"sink": "nodes", "n2": "edges", "strength": "edges"}
    scores = np.zeros(len(values))
    for metric, by in divisors.items():
        known = table[metric].notna() & table["accuracy_drop"].notna()
        x, y = (
            (table[metric] / table[by])[known].to_numpy(),
            table["accuracy_drop"][known].to_numpy(),
        )
        there = (table["sparsity"] == sparsity)[known].to_numpy()
        weight = (np.corrcoef(x, y)[0, 1] + np.corrcoef(x[there], y[there])[0, 1]) / 2
        own = np.array([value[metric] / value[by] for value in values])
        width = np.ptp(own)
        scores += weight * ((own - own.min()) / width if width else 0 * own)
    return scores


def test_scalings_of_the_reference_are_those_of_the_registry():
    from sparsetopo.metrics.registry import METRICS as REGISTERED

    scalings = {name: REGISTERED[name].scaling for name in METRICS}
    assert scalings == {"sink": "nodes", "n2": "edges", "strength": "edges"}


def test_algorithms_are_ordered_by_the_released_networks(command, model):
    ended = command(*RANK, *RANDOM)
    rows = json.loads(ended.out)
    masks = {
        name: st.prune(model, name, "0.9", input_shape=(1, 4, 4))
        for name in ("uniform", "er", "erk")
    }
    scores = dict(
        zip(masks, independent([raw(model, mask) for mask in masks.values()], "0.9"), strict=True)
    )
    assert [row["name"] for row in rows] == sorted(
        scores, key=lambda name: (round(scores[name], 12), name)
    )
    for row in rows:
        assert row["score"] == pytest.approx(scores[row["name"]], abs=1e-9)
        assert (row["left_out"], row["settings"], row["algorithms"]) == (
            "data set, architecture",
            12,
            3,
        )
        assert 0 < row["overlap"] <= 1
        assert row["chance"] == pytest.approx(43 / 72)  # of three algorithms
    assert "the weights are those of all architectures" in ended.err
    assert "with 3 algorithms a random order agrees" in ended.err
    assert "how comparable: the released metrics are of trained weights" in ended.err
    assert "outside the range of all networks of the study (farthest: " in ended.err


def test_masks_are_ordered_among_each_other(command, model, masks, folder):
    """Of 40 % kept weights, which is the released sparsity 0.6; who made them is not known."""
    words = (
        "--masks",
        "mask-0.safetensors",
        "--masks",
        "mask-1.safetensors",
        "--architecture",
        "Conv-6",
    )
    rows = json.loads(command(*RANK, *words).out)
    assert {row["name"] for row in rows} == {"mask-0.safetensors", "mask-1.safetensors"}
    assert {row["sparsity"] for row in rows} == {"0.6"}
    assert {(row["left_out"], row["settings"]) for row in rows} == {("data set, algorithm", 3)}
    assert {row["algorithms"] for row in rows} == {7}


def test_masks_stand_beside_algorithms(command, model, folder):
    st.prune(model, "synflow", 0.88, input_shape=(1, 4, 4), iterations=3).save(
        folder / "mine.safetensors"
    )
    rows = json.loads(command(*RANK, *RANDOM, "--masks", "mine.safetensors").out)
    assert {row["name"]: row["algorithm"] for row in rows} == {
        "mine.safetensors": "synflow", "uniform": "uniform", "er": "er", "erk": "erk",
    }  # fmt: skip
    assert {(row["sparsity"], row["algorithms"], row["left_out"]) for row in rows} == {
        ("0.9", 4, "data set, architecture")
    }


def test_a_study_of_ones_own_with_a_planted_order(command, model, study):
    """The mask with the fewest sinks must come first."""
    rows = json.loads(
        command(*RANK[:6], "--format", "json", *RANDOM, "--study", study, "--metrics", "sink").out
    )
    masks = {
        name: st.prune(model, name, "0.9", input_shape=(1, 4, 4))
        for name in ("uniform", "er", "erk")
    }
    sinks = {name: raw(model, mask)["sink"] for name, mask in masks.items()}
    assert len(set(sinks.values())) > 1
    assert [row["name"] for row in rows] == sorted(sinks, key=lambda name: (sinks[name], name))
    assert rows[0]["overlap"] == 1
    assert rows[0]["left_out"] == "data set"


def test_several_sparsities_have_an_order_each(command):
    words = ("--algorithms", "uniform,er", "--sparsity", "0.9", "--sparsity", "0.5")
    ended = command(*RANK[:-1], "csv", *words)
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert [(row["sparsity"], row["position"]) for row in rows] == [
        ("0.5", "1"),
        ("0.5", "2"),
        ("0.9", "1"),
        ("0.9", "2"),
    ]
    assert [row["study_sparsity"] for row in rows] == ["0.6", "0.6", "0.9", "0.9"]
    assert "at sparsity 0.5 the weights are those of 0.6" in ended.err


def test_tables_and_warnings_are_for_eyes(command):
    ended = command(*RANK[:-1], "table", *RANDOM)
    for title in ("Predicted order", "How sure", "Metrics outside the study's range"):
        assert title in ended.out


def test_all_algorithms_are_those_of_the_study_and_take_options(study, model):
    how = {"input_shape": (1, 4, 4), "metrics": ["sink"], "study": study}
    images = (
        np.random.default_rng(0).standard_normal((12, 1, 4, 4)).astype(np.float32),
        np.arange(12) % 3,
    )
    options = {"snip": {"batch_size": 4}, "er": {"allocation": "released"}}
    advice = commands.rank(model, sparsity=[0.5], data=images, algorithm_options=options, **how)
    assert {record["name"] for record in advice.order} == {"uniform", "er", "erk", "snip"}
    with pytest.raises(UsageError, match="did you mean 'er'"):
        commands.rank(model, ["er", "erk"], 0.5, algorithm_options={"err": {}}, **how)


REFUSED = [
    (RANK, 2, "there is nothing to rank"),
    ((*RANK, "--sparsity", "0.9"), 2, "grasp, prospr, snip need training images"),
    ((*RANK, "--algorithms", "er"), 2, "the sparsity at which to prune by er is missing"),
    ((*RANK, "--algorithms", "er", "--sparsity", "0.9"), 2, "an order needs two"),
    ((*RANK, "--algorithms", "er,er", "--sparsity", "0.9"), 2, "named more than once"),
    ((*RANK, "--algorithms", "all,er", "--sparsity", "0.9"), 2, "name it alone"),
    ((*RANK, "--algorithms", "er,erkk", "--sparsity", "0.9"), 2, "did you mean 'erk'"),
    ((*RANK, *RANDOM, "--architecture", "Resnet-21"), 2, "did you mean"),
    ((*RANK, *RANDOM, "--algorithm-option", "allocation=released"), 2, "must begin with an algorithm"),
    ((*RANK, *RANDOM, "--algorithm-option", "er.alocation=released"), 2, "did you mean 'allocation'"),
    ((*RANK[:6], "--metrics", "sing", *RANDOM), 2, "did you mean 'sink'"),
    ((*RANK[:6], "--metrics", "spectral_gap_signed", *RANDOM), 1, "it has no metric spectral_gap_signed to rank by"),
    ((*RANK, "--masks", "mask-0.safetensors"), 2, "there is one mask"),
    ((*RANK, *RANDOM, "--masks", "nowhere.safetensors"), 1, "there is no such file"),
    ((*RANK, "--masks", "mask-0.safetensors", "--masks", "thin.safetensors"), 2, "is alone at sparsity"),
    ((*RANK, *RANDOM, "--study", "nowhere"), 1, "nowhere: is no folder"),
    ((*RANK, *RANDOM, "--study", "."), 1, "has no tables/networks.csv"),
    ((*RANK, *RANDOM, "--study", "study"), 1, "study: it has no metric strength to rank by"),
    ((*RANK[:6], *RANDOM, "--study", "untrained"), 1, "none of its 48 networks has an accuracy"),
    ((*RANK[:6], *RANDOM, "--study", "unmeasured"), 1, "has no metric that the analyses can use"),
    ((*RANK[:6], *RANDOM, "--study", "lonely"), 1, "has networks of one algorithm only"),
    ((*RANK[:6], *RANDOM, "--study", "percent"), 1, "divide by 100"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "status", "said"), REFUSED)
def test_wrong_use_and_failures_are_one_sentence(command, folder, study, words, status, said):
    st.Mask(
        {"0.weight": np.ones((4, 1, 3, 3), bool), "3.weight": np.arange(192).reshape(3, 64) < 2}
    ).save(folder / "thin.safetensors")
    table = pd.read_csv(study / "tables" / "networks.csv")
    changed = {
        "untrained": table.assign(accuracy=np.nan),
        "unmeasured": table.drop(columns=["sink", "n2"]),
        "lonely": table[table["algorithm"] == "er"],
        "percent": table.assign(accuracy=100 * table["accuracy"]),
    }
    for name, own in changed.items():
        (folder / name / "tables").mkdir(parents=True, exist_ok=True)
        own.to_csv(folder / name / "tables" / "networks.csv", index=False)
    ended = command(*words)
    assert ended.status == status, ended.err
    assert said in ended.err.splitlines()[-1]
    assert ended.out == ""


def test_a_mask_far_from_every_sparsity_is_said_to_be(command, folder):
    for number in range(2):
        kept = np.random.default_rng(number).random((3, 64)) < 0.7
        st.Mask({"0.weight": np.ones((4, 1, 3, 3), bool), "3.weight": kept}).save(
            folder / f"thick-{number}.safetensors"
        )
    ended = command(*RANK, "--masks", "thick-0.safetensors", "--masks", "thick-1.safetensors")
    assert ended.status == 0
    assert "not near any sparsity" in ended.err
