"""Collecting a study that trained nothing: the paper's accuracies beside masks and metrics of our own."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.tables.collect import collect_published, require_grid
from sparsetopo.analysis.tables.provenance import PUBLISHED_MEAN, uses_published
from sparsetopo.analysis.tables.published_accuracies import DEFAULT_PATH, read_published_accuracies
from sparsetopo.analysis.tables.table import check_table, read_table, write_table
from sparsetopo.errors import DataError
from sparsetopo.files import write_json
from sparsetopo.pruning.mask import Mask

GRID = {
    "datasets": ["CIFAR-10", "Tiny-ImageNet"],
    "architectures": ["Resnet-32"],
    "algorithms": ["prospr", "snip"],
    "sparsities": ["0.95", "0.98"],
    "seeds": [0, 1],
}


@pytest.fixture(scope="module")
def accuracies():
    return read_published_accuracies()


def files_of(folder, **cell):
    """Write the mask and the topometrics of a cell of a made-up study."""
    cell = {key: str(value) for key, value in cell.items()}
    stem = folder / "-".join(cell.values())
    kept = {"fc.weight": np.array([[True, False], [False, False]])}
    mask = Mask(kept, algorithm=cell["algorithm"], sparsity=cell["sparsity"])
    mask.save(f"{stem}.safetensors", {"cell": cell})
    measured = {"nodes": 4, "edges": 1, "topometrics": {"n1": float(cell["seed"])}}
    write_json(f"{stem}.json", measured | {"specification": {"cell": cell}})
    return f"{stem}.safetensors", f"{stem}.json"


@pytest.fixture
def files(tmp_path):
    axes = ("dataset", "architecture", "algorithm", "sparsity", "seed")
    return [
        files_of(tmp_path, **dict(zip(axes, values, strict=True)))
        for values in itertools.product(*GRID.values())
    ]


def test_every_network_has_the_printed_accuracy_and_its_drop(files, accuracies):
    table, dense = collect_published(files, accuracies, "mean")
    require_grid(table, GRID)
    printed = pd.read_csv(DEFAULT_PATH, dtype={"sparsity": "str"})
    pairs = ["dataset", "architecture"]
    merged = table.merge(printed, on=[*pairs, "algorithm", "sparsity"], suffixes=("", "_printed"))
    assert len(merged) == len(table) == 16
    pd.testing.assert_series_equal(
        merged["accuracy"], merged["accuracy_printed"], check_names=False
    )
    pd.testing.assert_series_equal(
        merged["accuracy_std"], merged["accuracy_std_printed"], check_names=False
    )
    baseline = printed[printed["algorithm"] == "dense"].set_index(pairs)["accuracy"]
    for row in table.itertuples():
        drop = 1 - row.accuracy / baseline[row.dataset, row.architecture]
        np.testing.assert_allclose(row.accuracy_drop, drop)
    assert table["best_accuracy"].isna().all()
    assert table["accuracy_source"].eq(PUBLISHED_MEAN).all()
    assert table["n1"].tolist() == table["seed"].tolist()
    # One published number a pair, not one a seed.
    assert dense[pairs].to_numpy().tolist() == [
        ["CIFAR-10", "Resnet-32"],
        ["Tiny-ImageNet", "Resnet-32"],
    ]
    assert dense["accuracy"].tolist() == [0.923, 0.48]
    assert dense["seed"].isna().all()


def test_the_cell_that_was_not_printed_stays_without_accuracy(files, accuracies, tmp_path):
    table, _ = collect_published(files, accuracies, "mean")
    without = table[table["accuracy"].isna()]
    assert without[["dataset", "algorithm", "sparsity"]].drop_duplicates().to_numpy().tolist() == [
        ["Tiny-ImageNet", "prospr", "0.98"]
    ]
    assert without["seed"].tolist() == [0, 1]
    assert without["status"].eq("not published").all()
    assert table["status"].drop(without.index).eq("published").all()
    assert without["accuracy_drop"].isna().all()
    write_table(tmp_path / "networks.csv", table)
    checked = check_table(read_table(tmp_path / "networks.csv"), ["n1"])
    assert uses_published(checked.table)
    assert checked.notes[0] == (
        "2 network(s) have no published accuracy (prospr/Tiny-ImageNet/Resnet-32/0.98); regression, importance and "
        "ranking leave them out."
    )
    assert checked.notes[1].startswith("The seeds of a cell share one published accuracy")


def test_refusals(files, accuracies, tmp_path):
    with pytest.raises(
        DataError, match=r"analysis.dense_reference is 'same_seed', but .* must be 'mean'"
    ):
        collect_published(files, accuracies, "same_seed")
    with pytest.raises(
        DataError, match=r"is of dataset 'Tiny-ImageNet', but the mask .* of 'CIFAR-10'"
    ):
        collect_published([(files[0][0], files[-1][1])], accuracies, "mean")
    cell = {
        "dataset": "digits",
        "architecture": "Resnet-32",
        "algorithm": "snip",
        "sparsity": "0.95",
    }
    foreign = files_of(tmp_path, **cell, seed=0)
    with pytest.raises(
        DataError, match=r"has no accuracy for digits/Resnet-32/snip/0\.95, the network of"
    ):
        collect_published([foreign], accuracies, "mean")
    dense = {pair: entry for pair, entry in accuracies.dense.items() if pair[0] != "CIFAR-10"}
    with pytest.raises(DataError, match="has no dense accuracy for CIFAR-10/Resnet-32"):
        collect_published(files, replace(accuracies, dense=dense), "mean")
    cell |= {"dataset": "Tiny-ImageNet", "algorithm": "prospr", "sparsity": "0.98"}
    with pytest.raises(DataError, match="has no accuracy for any of the 1 networks of this study"):
        collect_published([files_of(tmp_path, **cell, seed=0)], accuracies, "mean")
