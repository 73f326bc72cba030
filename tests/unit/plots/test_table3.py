"""The figure of table 3: every cell is drawn twice, printed and ours, and nothing covers anything."""

import numpy as np
import pytest
from tests.unit.analysis.paper.test_comparison_tables import regression_rows
from tests.unit.plots.legible import assert_legible

from sparsetopo.analysis.paper.comparison_tables import read_paper, read_paper_regression
from sparsetopo.errors import DataError
from sparsetopo.plots.style import add_note
from sparsetopo.plots.table3 import plot_table3


def points(figure):
    """Heights of the points of each panel: printed (hollow) and ours."""
    panels = []
    for axes in figure.axes:
        lines = [line for line in axes.lines if line.get_linestyle() == "None"]
        hollow = [line for line in lines if line.get_markerfacecolor() == "white"]
        filled = [line for line in lines if line.get_markerfacecolor() != "white"]
        panels.append(
            tuple(np.concatenate([line.get_ydata() for line in own]) for own in (hollow, filled))
        )
    return panels


def test_ours_stands_beside_the_printed_value():
    figure = plot_table3(regression_rows(read_paper(), 0.02))
    (of_sparsity, ours), (of_architecture, ours_there) = points(figure)
    assert [len(of_sparsity), len(of_architecture)] == [15, 12]
    np.testing.assert_allclose(ours - of_sparsity, 0.02)
    np.testing.assert_allclose(ours_there - of_architecture, 0.02)
    printed = read_paper_regression()["paper_adjusted_r2"]
    assert sorted([*of_sparsity, *of_architecture]) == sorted(printed)


def test_it_is_legible_with_its_note():
    figure = plot_table3(regression_rows(read_paper()))
    add_note(figure, "networks, accuracies and metrics: released by the paper's authors")
    assert_legible(figure)
    labels = [text.get_text() for axes in figure.axes for text in axes.get_xticklabels()]
    assert labels == ["0.6", "0.8", "0.9", "0.95", "0.98", "Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2"]  # fmt: skip


def test_what_was_not_computed_has_the_printed_point_only():
    rows = regression_rows(read_paper())
    (_, ours), (of_architecture, ours_there) = points(plot_table3(rows[rows["subset"] != "Conv-6"]))
    assert np.isfinite(ours).all()
    assert np.isnan(ours_there).sum() == 3
    assert np.isfinite(of_architecture).all()


def test_a_table_of_another_kind_is_refused():
    with pytest.raises(DataError, match=r"lacks the column\(s\) .*adjusted_r2"):
        plot_table3(read_paper_regression())
