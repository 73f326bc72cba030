"""The released networks to predict from are those of the released file, read here by the csv module."""

import csv
import lzma

import pytest

from sparsetopo.analysis.paper.released_columns import ARCHITECTURES, DATASETS
from sparsetopo.analysis.paper.released_layout import RELEASED_FOLDER
from sparsetopo.analysis.paper.released_networks import COLUMNS, released_networks
from sparsetopo.analysis.tables.paper_grid import ALGORITHMS


def released():
    """{cell: row} of the paper's grid; of a cell's equal rows the last."""
    with lzma.open(RELEASED_FOLDER / "unrolled.csv.xz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (
            row["pruning"],
            DATASETS[row["dataset"]],
            ARCHITECTURES[row["model"]],
            row["sparsity"],
            int(row["seed"]),
        ): row
        for row in rows
        if row["model"] in ARCHITECTURES
    }


def test_networks_are_those_of_the_released_file():
    table = released_networks()
    assert tuple(table.columns) == COLUMNS
    theirs = {cell: row for cell, row in released().items() if cell[0] in ALGORITHMS}
    known = table[table["nodes"].notna()]
    assert len(known) == 1251
    for row in known.to_dict("records"):
        cell = tuple(
            row[name] for name in ("algorithm", "dataset", "architecture", "sparsity", "seed")
        )
        given = theirs[cell]
        assert row["nodes"] == float(given["nodes"])
        assert row["accuracy"] == float(given["accuracy"])
        # Theirs is divided by the number of nodes.
        sink = float(given["sink_nodes"] or "nan") * row["nodes"]
        assert row["sink"] == pytest.approx(sink, rel=1e-9, nan_ok=True)
