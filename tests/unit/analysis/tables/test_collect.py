"""Collecting result files into tables."""

import numpy as np
import pytest

from sparsetopo.analysis.tables.collect import collect, require_grid
from sparsetopo.analysis.tables.metrics import PAPER_METRICS, study_metrics
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.files import read_json, write_json, write_tensors
from sparsetopo.pruning.mask import Mask


def files_of(folder, algorithm="snip", seed=0, accuracy=0.5, n1=2.0):
    """Write the three files of a cell of a made-up study."""
    cell = {"dataset": "digits", "architecture": "Resnet-20", "seed": str(seed)}
    cell |= {"algorithm": algorithm, "sparsity": "0.75"}
    stem = folder / f"{algorithm}-{seed}"
    mask = Mask(
        {"fc.weight": np.array([[True, False], [False, False]])},
        algorithm=algorithm,
        sparsity="0.75",
    )
    mask.save(stem.with_suffix(".safetensors"), {"cell": cell})
    outcome = {"status": "finished", "accuracy": accuracy, "best_accuracy": accuracy, "history": []}
    write_json(stem.with_suffix(".result"), {**outcome, "specification": {"cell": cell}})
    write_json(
        stem.with_suffix(".topo"),
        {
            "nodes": 4,
            "edges": 1,
            "topometrics": {"n1": n1, "spectral_gap": None},
            "specification": {"cell": cell},
        },
    )
    return tuple(stem.with_suffix(suffix) for suffix in (".safetensors", ".result", ".topo"))


def baseline(folder, accuracy=0.8, seed=0):
    path = folder / f"dense-{seed}.json"
    cell = {"dataset": "digits", "architecture": "Resnet-20", "seed": str(seed)}
    write_json(
        path,
        {
            "status": "finished",
            "accuracy": accuracy,
            "best_accuracy": 0.9,
            "specification": {"cell": cell},
        },
    )
    return path


def test_one_row_a_network_with_its_drop_and_its_metrics(tmp_path):
    networks = [
        files_of(tmp_path, "uniform", accuracy=0.4),
        files_of(tmp_path, "snip", accuracy=0.6),
    ]
    table, dense = collect(
        networks, [baseline(tmp_path, 0.7, 0), baseline(tmp_path, 0.9, 1)], "mean"
    )
    assert table["algorithm"].tolist() == ["snip", "uniform"]
    np.testing.assert_allclose(table["accuracy_drop"], [1 - 0.6 / 0.8, 1 - 0.4 / 0.8])
    assert table["sparsity"].tolist() == ["0.75", "0.75"]
    assert table["achieved_sparsity"].tolist() == [0.75, 0.75]
    assert table["collapsed_layers"].tolist() == [0, 0]
    assert table["n1"].tolist() == [2.0, 2.0]
    assert table["spectral_gap"].isna().all()
    assert len(dense) == 2
    for collected in (table, dense):
        assert collected["accuracy_source"].eq("trained here").all()
        assert "accuracy_std" not in collected


def test_metrics_of_the_trained_weights_have_columns_of_their_own(tmp_path):
    mask, result, measured = files_of(tmp_path)
    record = read_json(measured)
    write_json(measured, record | {"topometrics_trained": {"spectral_gap": 0.5, "strength": None}})
    table, _ = collect([(mask, result, measured)], [baseline(tmp_path)], "mean")
    assert table["spectral_gap"].isna().all()
    assert table["spectral_gap_trained"].tolist() == [0.5]
    assert table["strength_trained"].isna().all()
    assert set(study_metrics(table.columns)) == {"n1", "spectral_gap"}


def test_a_result_of_another_network_is_noticed(tmp_path):
    mask, _, topometrics = files_of(tmp_path, seed=0)
    _, result, _ = files_of(tmp_path, seed=1)
    with pytest.raises(DataError, match=r"is of seed '1', but the mask .* of '0'"):
        collect([(mask, result, topometrics)], [baseline(tmp_path)], "mean")


def test_a_missing_baseline_and_a_missing_file_are_named(tmp_path):
    paths = files_of(tmp_path, seed=5)
    with pytest.raises(DataError, match="no dense baseline"):
        collect([paths], [baseline(tmp_path, seed=0)], "same_seed")
    paths[2].unlink()
    with pytest.raises(FileFormatError, match=r"snip-5\.topo"):
        collect([paths], [baseline(tmp_path)], "mean")


@pytest.mark.parametrize(
    ("number", "change", "lacking"),
    [
        (1, {"status": "x", "accuracy": 0.5}, "best_accuracy"),
        (1, {"status": "x", "accuracy": 0.5, "best_accuracy": 0.5}, "dataset"),
        (2, {"edges": 3, "topometrics": {}}, "nodes"),
        (
            2,
            {"nodes": 1, "edges": 3, "topometrics": {}, "specification": {"cell": None}},
            "dataset",
        ),
        (2, ["not", "an", "object"], "nodes"),
    ],
)
def test_a_file_that_holds_something_else_is_named(tmp_path, number, change, lacking):
    paths = files_of(tmp_path)
    write_json(paths[number], change)
    with pytest.raises(FileFormatError, match=rf"{paths[number].name}: has no {lacking}; no stage"):
        collect([paths], [baseline(tmp_path)], "mean")


def test_a_mask_that_another_program_wrote_is_named(tmp_path):
    paths = files_of(tmp_path)
    write_tensors(paths[0], {"fc.weight": np.zeros(2, dtype=bool)}, {"format": "foreign"})
    with pytest.raises(FileFormatError, match=r"snip-0\.safetensors: has no achieved_sparsity"):
        collect([paths], [baseline(tmp_path)], "mean")


def test_a_study_without_a_metric_to_analyse_is_refused():
    with pytest.raises(
        DataError, match=r"no metric that the analyses can use; .* one of sink, source"
    ):
        study_metrics(["accuracy", "spectral_gap_signed"])


def test_a_study_is_analysed_by_the_metrics_it_measured():
    assert list(study_metrics(["accuracy", "n2", "sink", "spectral_gap_signed"])) == ["sink", "n2"]
    assert study_metrics([*PAPER_METRICS, "spectral_gap_signed"]) == dict(PAPER_METRICS)


def test_a_table_must_be_exactly_the_grid(tmp_path):
    table, _ = collect(
        [files_of(tmp_path), files_of(tmp_path, "uniform")], [baseline(tmp_path)], "mean"
    )
    grid = {
        "datasets": ["digits"],
        "architectures": ["Resnet-20"],
        "sparsities": ["0.75"],
        "seeds": [0],
    }
    require_grid(table, grid | {"algorithms": ["uniform", "snip"]})
    with pytest.raises(DataError, match=r"has no row for digits / Resnet-20 / er / 0\.75 / 0"):
        require_grid(table, grid | {"algorithms": ["uniform", "snip", "er"]})
    with pytest.raises(DataError, match="not in the grid for digits / Resnet-20 / uniform"):
        require_grid(table, grid | {"algorithms": ["snip"]})
    twice, _ = collect([files_of(tmp_path)] * 2, [baseline(tmp_path)], "mean")
    with pytest.raises(DataError, match="more than one row for digits / Resnet-20 / snip"):
        require_grid(twice, grid | {"algorithms": ["snip"]})


def test_a_diverged_baseline_does_not_count(tmp_path):
    import pandas as pd

    from sparsetopo.analysis.tables.accuracy_drop import add_accuracy_drop

    place = {"dataset": "digits", "architecture": "Resnet-20"}
    sparse = pd.DataFrame([{**place, "seed": seed, "accuracy": 0.9} for seed in (0, 1)])
    dense = pd.DataFrame(
        [
            {**place, "seed": 0, "accuracy": 0.96, "status": "finished"},
            {**place, "seed": 1, "accuracy": 0.0, "status": "diverged"},
        ]
    )
    np.testing.assert_allclose(add_accuracy_drop(sparse, dense)["accuracy_drop"], 1 - 0.9 / 0.96)
    same = add_accuracy_drop(sparse, dense, "same_seed")["accuracy_drop"]
    assert same.isna().tolist() == [False, True]
