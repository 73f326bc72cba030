"""Tables of layers from the files that the metrics stage writes."""

import math

import pytest

from sparsetopo.analysis.tables.collect_layers import collect_layers
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.files import write_json

CELL = {"dataset": "digits", "architecture": "Resnet-20", "algorithm": "snip", "sparsity": "0.9"}


def write(path, seed, gap):
    record = {
        "specification": {"cell": {**CELL, "seed": str(seed)}},
        "topometrics": [
            {"encoding": encoding, "layer": layer, "name": f"conv{layer}", "nodes": 5, "edges": 4}
            | {"spectral_gap": gap}
            for encoding in ("rolled", "rolled_channel")
            for layer in (0, 1)
        ],
        "ramanujan": [
            {
                "layer": layer,
                "name": f"conv{layer}",
                "weights": 4,
                "parameters": 9,
                "density": 4 / 9,
            }
            | {"delta_r": 0.5, "lambda_imsg": gap}
            for layer in (0, 1)
        ],
    }
    write_json(path, record)
    return path


def test_rows_are_sorted_and_missing_values_are_numbers(tmp_path):
    paths = [write(tmp_path / "1.json", 1, None), write(tmp_path / "0.json", 0, 2.5)]
    layers, ramanujan = collect_layers(paths)
    assert list(layers["seed"]) == [0] * 4 + [1] * 4
    assert list(layers["encoding"][:4]) == ["rolled", "rolled", "rolled_channel", "rolled_channel"]
    assert list(ramanujan["layer"]) == [0, 1, 0, 1]
    assert list(ramanujan.columns[5:10]) == ["layer", "name", "weights", "parameters", "density"]
    for table, column in ((layers, "spectral_gap"), (ramanujan, "lambda_imsg")):
        assert table[column].dtype == "float64"
        assert table.loc[table["seed"] == 0, column].eq(2.5).all()
        assert table.loc[table["seed"] == 1, column].map(math.isnan).all()


def test_what_is_refused(tmp_path):
    with pytest.raises(DataError, match="no file of measured layers"):
        collect_layers([])
    write_json(tmp_path / "other.json", {"specification": {"cell": {**CELL, "seed": "0"}}})
    with pytest.raises(FileFormatError, match="has no topometrics"):
        collect_layers([tmp_path / "other.json"])
