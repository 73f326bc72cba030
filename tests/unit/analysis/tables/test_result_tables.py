"""What a faulty result table leads to: one sentence, or a note."""

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import check_table, read_table, write_table
from sparsetopo.errors import DataError, FileFormatError

METRICS = list(PAPER_METRICS)


def test_a_sound_table_has_no_notes_and_is_sorted(networks):
    checked = check_table(networks.sample(frac=1, random_state=0), METRICS)
    assert checked.notes == []
    assert checked.missing_cells.empty
    assert checked.table["algorithm"].is_monotonic_increasing
    assert len(checked.table) == 140


def test_missing_cells_are_listed_and_counted(networks):
    checked = check_table(networks.drop(index=[0, 7, 20]), METRICS)
    assert checked.notes[0].startswith("3 of 140 cells are missing: ")
    expected = networks.loc[[0, 7, 20], checked.missing_cells.columns]
    found = {tuple(row) for row in checked.missing_cells.to_numpy()}
    assert found == {tuple(row) for row in expected.to_numpy()}


def test_notes(networks):
    faulty = networks[networks["seed"] == 0].copy()
    faulty.loc[0, "n1"] = np.nan
    faulty.loc[2, "status"] = "diverged"
    notes = check_table(pd.concat([faulty, faulty[3:5]]), METRICS).notes
    assert notes == [
        "2 exact duplicate row(s) left out.",
        "1 row(s) lack a metric (n1).",
        "1 network(s) diverged in training; their accuracy is used as measured.",
        "There is a single seed, so nothing can be said about the spread over seeds.",
    ]


def test_an_accuracy_may_be_missing_only_where_none_was_published(networks):
    published = networks.assign(status="published")
    published.loc[:1, "status"] = "not published"
    published.loc[:1, "accuracy"] = np.nan
    assert check_table(published, METRICS).notes == [
        "2 network(s) have no published accuracy (snip/digits/Resnet-20/0.6); regression, importance and ranking "
        "leave them out."
    ]
    with pytest.raises(DataError, match=r"2 row.s. have no accuracy"):
        check_table(published.assign(status="published"), METRICS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.drop(columns=["seed", "n1"]),
            "lacks the column.s. seed, n1; it has algorithm",
        ),
        (lambda t: t[:0], "has no row"),
        (lambda t: t.assign(accuracy=t["accuracy"] * 100), "divide by 100 if they are in percent"),
        (lambda t: t.assign(accuracy=-0.1), "one is -0.1"),
        (
            lambda t: t.assign(accuracy=np.nan),
            "140 row.s. have no accuracy, the first is snip/digits",
        ),
        (lambda t: t.assign(n1=np.inf), "'n1' has 140 infinite"),
        (lambda t: t.assign(n1="many"), "'n1' holds something that is not a number"),
        (lambda t: t.assign(dataset=None), "without a value in column 'dataset'"),
        (
            lambda t: pd.concat([t, t[:1].assign(accuracy=0.5)]),
            "1 cell.s. have several rows that differ, the first is snip/digits/Resnet-20/0.6/0",
        ),
    ],
)
def test_refusals(networks, change, message):
    with pytest.raises(DataError, match=message):
        check_table(change(networks), METRICS)


def test_sparsity_read_as_a_number_becomes_a_string(networks):
    checked = check_table(networks.assign(sparsity=networks["sparsity"].astype(float)), METRICS)
    assert sorted(checked.table["sparsity"].unique()) == ["0.6", "0.8", "0.9", "0.95", "0.98"]


def test_files_hold_no_empty_cell_and_come_back_equal(tmp_path):
    table = pd.DataFrame({"subset": ["0.90", "A"], "value": [0.1 + 0.2, np.nan], "n": [1, 2]})
    write_table(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_text().splitlines()[2] == "A,undefined,2"
    assert not pd.read_csv(tmp_path / "t.csv").isna().any(axis=None)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), table)


def test_unreadable_files(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(FileFormatError, match="not a readable CSV"):
        read_table(tmp_path / "empty.csv")
