"""The printed tables beside ours: which rows count, differences, and what is refused."""

import pandas as pd
import pytest

from sparsetopo.analysis.paper.comparison_tables import (
    STRATEGIES,
    beyond,
    ranking_comparison,
    read_paper,
    regression_comparison,
)
from sparsetopo.analysis.tables.feature_sets import PAPER_ENCODINGS
from sparsetopo.errors import DataError, FileFormatError


@pytest.fixture(scope="module")
def paper():
    return read_paper()


def regression_rows(paper, shift=0.0):
    """Rows as of tables/regression.csv: those that count are the paper's plus a shift, others are far off."""
    cases = [("shuffled", "subset", "mean", shift), ("shuffled", "fold", "mean", 5.0),
             ("shuffled", "subset", "Linear", 6.0), ("leave-one-dataset-out", "subset", "mean", 7.0)]  # fmt: skip
    return pd.DataFrame(
        [
            {
                "encoding": row.encoding, "validation": validation, "scaling": scaling, "subset": row.subset,
                "regressor": regressor, "rows": 180, "adjusted_r2": row.paper_adjusted_r2 + extra,
                "adjusted_r2_std": 0.01, "mae": row.paper_mae + extra / 10, "unconverged": 0, "status": "ok",
            }
            for row in paper.regression.itertuples()
            for validation, scaling, regressor, extra in cases
        ]
    )  # fmt: skip


def test_the_papers_tables_are_whole(paper):
    assert len(paper.regression) == 27
    assert paper.regression["encoding"].unique().tolist() == list(PAPER_ENCODINGS)
    for rows in paper.rankings.values():
        assert len(rows) == 4 * 5 * 6
        assert set(rows["strategy"]) == set(STRATEGIES)
        assert rows["paper_rbo"].between(0, 1).all()
    first = paper.rankings["table12"].query("architecture == 'Conv-6' and sparsity == '0.6'")
    assert first.query("strategy == 'layer_density'")["paper_rbo"].tolist() == [0.4]


def test_table3_takes_the_mean_of_shuffled_folds_scaled_by_subset(paper):
    table = regression_comparison(regression_rows(paper, 0.005), paper.regression)
    assert len(table) == 27
    assert table["difference_r2"].to_numpy() == pytest.approx(0.005)
    assert table["difference_mae"].to_numpy() == pytest.approx(0.0005)


def test_what_was_not_computed_is_missing(paper):
    rows = regression_rows(paper)
    table = regression_comparison(rows[rows["encoding"] != "rolled"], paper.regression)
    assert table["adjusted_r2"].isna().tolist() == table["encoding"].eq("rolled").tolist()
    ranking = pd.DataFrame(
        [["random", "Conv-6", "mixture", "0.6", 0.7, 0.1], ["all", "Conv-6", "mixture", "0.6", 0.1, 0.1]],
        columns=["pool", "architecture", "strategy", "sparsity", "rbo", "rbo_std"],
    )  # fmt: skip
    table = ranking_comparison(ranking, paper, "table12")
    assert len(table) == 100
    known = table.dropna()
    assert known[["architecture", "strategy", "sparsity", "rbo"]].to_numpy().tolist() == [
        ["Conv-6", "mixture", "0.6", 0.7]
    ]


def test_row_averages(paper):
    means = pd.DataFrame(
        [["all", "Conv-6", "layer_density", 0.70]],
        columns=["pool", "architecture", "strategy", "rbo"],
    )
    table = ranking_comparison(means, paper, "table4", means=True)
    assert len(table) == 20
    assert table.dropna()["difference"].tolist() == pytest.approx([-0.02])


def test_a_cell_twice_or_a_missing_column_is_refused(paper):
    rows = regression_rows(paper)
    with pytest.raises(DataError, match=r"regression table has MGE/0\.6 more than once"):
        regression_comparison(pd.concat([rows, rows.iloc[:1]]), paper.regression)
    with pytest.raises(DataError, match=r"lacks the column\(s\) mae"):
        regression_comparison(rows.drop(columns="mae"), paper.regression)


def test_missing_and_foreign_paper_files(tmp_path):
    with pytest.raises(FileFormatError, match=r"regression\.csv: there is no such file"):
        read_paper(tmp_path)
    (tmp_path / "regression.csv").write_text("score,value\n")
    with pytest.raises(FileFormatError, match=r"lacks the column\(s\) encoding, subset"):
        read_paper(tmp_path)


def test_decimal_differences_at_the_tolerance_are_not_beyond():
    differences = pd.Series([0.57 - 0.56, 0.29 - 0.28, 0.0112, -0.02, float("nan")])
    assert beyond(differences, 0.01).tolist() == [False, False, True, True, False]
