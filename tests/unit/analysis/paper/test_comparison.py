"""The whole comparison: aims, remarks that hold for a strategy, row averages."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.paper.test_comparison_tables import regression_rows

from sparsetopo.analysis.paper.comparison import check_permuted, compare
from sparsetopo.analysis.paper.comparison_tables import POOLS, read_paper
from sparsetopo.errors import DataError

RANKINGS = ["pool", "architecture", "dataset", "sparsity", "strategy", "position", "algorithm",
            "score", "missing", "tied"]  # fmt: skip


def printed_rankings(shift=0.0, strategy=None):
    """ranking.csv and ranking_means.csv with the paper's own values; those of a strategy shifted."""
    parts = []
    for table, rows in read_paper().rankings.items():
        rows = rows.rename(columns={"paper_rbo": "rbo"}).assign(pool=POOLS[table], rbo_std=0.1)
        rows.loc[rows["strategy"] == strategy, "rbo"] += shift
        parts.append(rows)
    every = pd.concat(parts, ignore_index=True)
    mean = every["sparsity"] == "mean"
    return every[~mean], every[mean]


def one_ranking():
    """rankings.csv with one ranking by the mixture, and the true one."""
    rows = [
        ["all", "Conv-6", "CIFAR-10", "0.6", strategy, rank + 1, name, rank / 3, 0, False]
        for strategy, order in (
            ("truth", ["snip", "er", "erk"]),
            ("mixture", ["er", "erk", "snip"]),
        )
        for rank, name in enumerate(order)
    ]
    return pd.DataFrame(rows, columns=RANKINGS)


def _compare(shift=0.0, strategy=None, r2=0.0):
    ranking, means = printed_rankings(shift, strategy)
    return compare(regression_rows(read_paper(), r2), one_ranking(), ranking, means)


def _aims(comparison):
    rows = comparison.summary[comparison.summary["aim"] != ""]
    return dict(zip(rows["quantity"], rows["met"], strict=True))


def test_the_papers_own_values_meet_every_aim():
    comparison = _compare()
    assert set(_aims(comparison).values()) == {"yes"}
    assert len(_aims(comparison)) == 6
    pooled = comparison.summary[comparison.summary["table"] == "4, 11, 12"]
    assert pooled["within"].tolist() == pooled["cells"].tolist() == [60] * 5
    assert comparison.table3["remark"].eq("").all()
    # The only remark is the note on the misprint.
    remarks = pd.concat(comparison.rankings.values())["remark"]
    assert [remark for remark in remarks if remark] == [
        "Printed value: misprint: the mean of its row (0.61) needs 0.40."
    ]
    assert sorted(comparison.tables()) == sorted(
        ["table3", "table4", "table11", "table12", "table4_means", "table11_means", "table12_means", "summary"]
    )  # fmt: skip


def test_aims_fail_one_by_one():
    aims = _aims(_compare(0.05, "mixture"))
    assert [name for name, met in aims.items() if met == "no"] == ["mixture"]
    aims = _aims(_compare(r2=0.0121))
    assert aims["adjusted R2"] == aims["mean absolute error"] == "no"


def test_a_mean_over_part_of_the_cells_meets_no_aim():
    ranking, means = printed_rankings()
    rows = regression_rows(read_paper())
    comparison = compare(rows[rows["subset"] != "0.6"], one_ranking(), ranking, means)
    summary = comparison.summary.set_index("quantity")
    assert summary.loc["adjusted R2", "computed"] == 24
    assert summary.loc["adjusted R2", "met"] == "no"


def test_remarks_of_a_strategy_and_of_its_row_averages():
    comparison = _compare(0.05, "mixture")
    table = comparison.rankings["table4"].set_index(["architecture", "strategy", "sparsity"])
    remark = table.loc[("Conv-6", "mixture", "0.6"), "remark"]
    assert remark.startswith("By data set: CIFAR-10 ")
    assert remark.endswith("Not this cell alone: 60 of 60 cells of this strategy are off.")
    assert table.loc[("Conv-6", "delta_r", "0.6"), "remark"] == ""
    means = comparison.means["table4"].set_index(["architecture", "strategy"])
    said = means.loc[("Conv-6", "mixture"), "remark"]
    assert said.startswith("Off at sparsity 0.6, 0.8, 0.9, 0.95, 0.98; the printed cells average")
    assert means["remark"].ne("").sum() == 4


def test_a_row_average_that_is_off_though_no_cell_is():
    ranking, means = printed_rankings()
    means.loc[means["strategy"] == "delta_r", "rbo"] += 0.02
    comparison = compare(regression_rows(read_paper()), one_ranking(), ranking, means)
    remarks = comparison.means["table11"].set_index("strategy").loc["delta_r", "remark"]
    assert all(remark.startswith("None of its cells is off;") for remark in remarks)


def test_differences_of_the_summary_are_means():
    comparison = _compare(-0.04, "lambda_imsg", r2=-0.01)
    summary = comparison.summary.set_index(["table", "quantity"])["mean_absolute_difference"]
    assert summary["4, 11, 12", "lambda_imsg"] == pytest.approx(0.04)
    assert summary["3", "adjusted R2, rolled"] == pytest.approx(0.01)
    assert np.isclose(summary["11, row averages", "lambda_imsg"], 0.04)


def test_permuted_weights_need_their_columns():
    with pytest.raises(DataError, match=r"lacks the column\(s\) cells_within"):
        check_permuted(pd.DataFrame({"permutation": [0]}))
