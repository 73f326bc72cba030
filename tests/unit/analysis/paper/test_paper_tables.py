"""The paper's tables in resources/ against a second copy of them, and against the authors' released results.

The folder of both is that of the environment variable SPARSETOPO_SHARED (default: `shared` beside the project).
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sparsetopo.analysis.tables.published_accuracies import read_published_accuracies

ROOT = Path(__file__).parents[4]
PAPER = ROOT / "resources" / "paper"
SHARED = Path(os.environ.get("SPARSETOPO_SHARED", ROOT.parent / "shared"))
REFERENCE = SHARED / "reference"
NAMES = {"CONV-6": "Conv-6", "tinyimagenet": "Tiny-ImageNet"}
CHANCE = {"CIFAR-10": 0.1, "CIFAR-100": 0.01, "Tiny-ImageNet": 0.005}

needs_reference = pytest.mark.skipif(
    not (REFERENCE / "paper").is_dir() or not (REFERENCE / "published").is_dir(),
    reason=f"the reference tables are not in {REFERENCE} (set SPARSETOPO_SHARED to the folder that has them)",
)


def _reference(name):
    return pd.read_csv(REFERENCE / "paper" / name, dtype={"column": "str"}).replace(NAMES)


def _assert_same_rows(ours, theirs, keys):
    """Same keys, each once, and the same values to half a unit in the last place that the files hold."""
    ours, theirs = (table.set_index(keys).sort_index() for table in (ours, theirs))
    assert ours.index.is_unique
    pd.testing.assert_frame_equal(ours, theirs[ours.columns], check_dtype=False, rtol=0, atol=1e-9)


@needs_reference
def test_accuracies():
    ours = pd.read_csv(PAPER / "accuracies.csv")
    theirs = _reference("tables8_10_accuracy.csv").rename(
        columns={"model": "architecture", "pruning": "algorithm"}
    )
    theirs = theirs.assign(accuracy=theirs["acc_mean"] / 100, accuracy_std=theirs["acc_std"] / 100)
    keys = ["dataset", "architecture", "algorithm", "sparsity"]
    assert ours.loc[ours["accuracy"].isna(), keys].to_numpy().tolist() == [
        ["Tiny-ImageNet", "Resnet-32", "prospr", 0.98]
    ]
    assert ours["note"].notna().tolist() == ours["accuracy"].isna().tolist()
    _assert_same_rows(ours.drop(columns="note"), theirs, keys)


@needs_reference
def test_accuracies_are_the_means_of_the_released_runs():
    """Independent of the transcription: every cell of which three runs were released, chance left out."""
    released = pd.read_csv(REFERENCE / "published" / "unrolled.csv.xz").replace(NAMES)
    published = read_published_accuracies()
    keys = ["dataset", "model", "pruning", "sparsity"]
    compared = 0
    for cell, rows in released.drop_duplicates().groupby(keys):
        entry = published.of_network(*map(str, cell))
        if entry is None or entry.accuracy is None or len(rows) < 3:
            continue
        runs = rows["accuracy"][rows["accuracy"] > 1.5 * CHANCE[cell[0]]]
        assert entry.accuracy == pytest.approx(runs.mean(), abs=0.00055), cell
        compared += 1
    assert compared >= 410


@needs_reference
def test_regression_table():
    theirs = _reference("table3_regression.csv")
    theirs = theirs.rename(columns={"metric": "score", "mean": "value"}).replace(
        {
            "score": {"adjR2": "adjusted_r2", "MAE": "mae"},
            "encoding": {"unrolled": "MGE", "rolled_channel": "rolled-channel"},
        }
    )
    ours = pd.read_csv(PAPER / "regression.csv", dtype={"subset": "str"})
    sparsities = ours["subset"].str.startswith("0.")
    assert (ours["subset_kind"] == np.where(sparsities, "sparsity", "architecture")).all()
    theirs = theirs.rename(columns={"column": "subset"})
    _assert_same_rows(ours.drop(columns="subset_kind"), theirs, ["score", "encoding", "subset"])


@needs_reference
@pytest.mark.parametrize(
    ("ours", "theirs", "misprints"),
    [
        ("ranking_all.csv", "table4_rbo_all7.csv", 0),
        ("ranking_scored.csv", "table11_rbo_pai4.csv", 0),
        ("ranking_random.csv", "table12_rbo_random3.csv", 1),
    ],
)
def test_ranking_tables(ours, theirs, misprints):
    table = pd.read_csv(PAPER / ours, dtype={"sparsity": "str"})
    reference = _reference(theirs).rename(
        columns={
            "model": "architecture",
            "column": "sparsity",
            "mean": "rbo_printed",
            "std": "rbo_std",
        }
    )
    reference = reference.replace({"strategy": {"ours": "mixture"}, "sparsity": {"Avg": "mean"}})
    keys = ["architecture", "strategy", "sparsity"]
    _assert_same_rows(table.drop(columns=["rbo", "note"]), reference, keys)
    corrected = table[table["rbo"] != table["rbo_printed"]]
    assert len(corrected) == misprints
    assert all("misprint" in note for note in corrected["note"])
    # The corrected values fit the printed row averages, which is why they are taken to be right.
    wide = table.pivot(index=keys[:2], columns="sparsity", values="rbo")
    assert (wide.drop(columns="mean").mean(axis=1) - wide["mean"]).abs().max() <= 0.0101


@needs_reference
def test_recipe():
    ours = yaml.safe_load((PAPER / "recipe.yaml").read_text())
    theirs = json.loads((REFERENCE / "paper" / "table5_and_A3.json").read_text())
    for name in ("CIFAR-10", "CIFAR-100"):
        assert ours["datasets"][name] == theirs["dataset"][name]
    tiny = theirs["dataset"]["tinyimagenet"]
    assert list(ours["datasets"]["Tiny-ImageNet"].values()) == list(tiny.values())
    recipes = {
        "CIFAR-10": "CIFAR-10/100",
        "CIFAR-100": "CIFAR-10/100",
        "Tiny-ImageNet": "tinyimagenet",
    }
    renamed = {"lr": "learning_rate", "lr_drop": "learning_rate_divisor", "batch": "batch_size"}
    for name, key in recipes.items():
        recipe = {renamed.get(key, key): value for key, value in theirs["training"][key].items()}
        assert ours["training"][name] == recipe
    decay = theirs["training"]["weight_decay"]
    assert {key: float(value) for key, value in ours["weight_decay"].items()} == decay
    assert ours["runs"] == theirs["training"]["runs"]
    assert ours["regression"]["regressors"] == theirs["regressors_A6"]
    cv = theirs["cv"]
    assert (ours["regression"]["folds"], ours["regression"]["repeats"]) == (cv["k"], cv["runs"])
    for name, printed in theirs["table5"].items():
        network = ours["architectures"][NAMES.get(name, name)]
        millions = network["parameters_in_millions"]
        text = f"~{millions}M" if millions >= 1 else f"~{millions * 1000:.0f}K"
        assert text == printed["params"]
        if "first" in network:
            stacks = ",".join(f"[{c},{c}]x{network['blocks']}" for c in network["channels"])
            assert printed["stacks"].startswith(stacks)
            assert network["linear"] == [printed["fc"][0], "classes"]
        else:
            assert network["stacks"] == [
                [item if isinstance(item, list) else "max-pool" for item in printed[f"stack{n}"]]
                for n in (1, 2, 3)
            ]
