"""The figures of rankings: which strategies are drawn where, and what stands beside them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from tests.unit.plots.legible import assert_legible

from sparsetopo.errors import DataError
from sparsetopo.plots.ranking import PAPERS_STRATEGIES, plot_ranking
from sparsetopo.plots.ranking_checks import CHECKS, plot_ranking_checks
from sparsetopo.plots.style import add_note, display

ARCHITECTURES = ["Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2"]
SPARSITIES = ["0.6", "0.8", "0.9", "0.95", "0.98"]
STRATEGIES = [*dict.fromkeys([*CHECKS, *PAPERS_STRATEGIES]), "chance"]


@pytest.fixture
def ranking():
    keys = itertools.product(["scored", "all"], ARCHITECTURES, SPARSITIES, STRATEGIES)
    columns = ["pool", "architecture", "sparsity", "strategy"]
    table = pd.DataFrame(keys, columns=columns)
    random = np.random.default_rng(0)
    return table.assign(rbo=random.uniform(size=len(table)), rbo_std=0.05)


@pytest.fixture
def means():
    keys = itertools.product(["all", "scored", "random"], ARCHITECTURES, STRATEGIES[:-1])
    table = pd.DataFrame(keys, columns=["pool", "architecture", "strategy"])
    rbo = np.random.default_rng(1).uniform(0.3, 0.9, len(table))
    return table.assign(rbo=rbo, low=rbo - 0.1, high=rbo + 0.05, null_mean=0.4, null_95=0.55)


def _legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_papers_strategies_of_one_pool(ranking):
    figure = plot_ranking(ranking, "scored")
    expected = [display(name) for name in PAPERS_STRATEGIES]
    assert _legend(figure) == [*expected, "random order\n(expected)"]
    own = ranking[(ranking["pool"] == "scored") & (ranking["architecture"] == "Resnet-20")]
    for container, strategy in zip(figure.axes[1].containers, PAPERS_STRATEGIES, strict=True):
        curve = container.lines[0]
        wanted = own[own["strategy"] == strategy]["rbo"]
        np.testing.assert_allclose(curve.get_ydata(), wanted)
    assert_legible(figure)
    assert [axes.get_title() for axes in plot_ranking(ranking).axes] == ARCHITECTURES


def test_edges_stand_in_for_what_was_not_measured(ranking):
    bare = ranking[ranking["strategy"].isin(["mixture", "edges", "size", "chance"])]
    figure = plot_ranking(bare.drop(columns="pool")[bare["pool"] == "all"])
    assert _legend(figure)[:-1] == ["topometric mixture", "number of edges"]


def test_chance_is_a_line_even_for_a_single_sparsity(ranking):
    one = ranking[(ranking["sparsity"] == "0.9") & (ranking["architecture"] == "Conv-6")]
    (axes,) = plot_ranking(one).axes
    (line,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    chance = one[(one["strategy"] == "chance") & (one["pool"] == "all")]["rbo"].iloc[0]
    assert set(line.get_ydata()) == {chance}
    assert np.ptp(line.get_xdata()) > 0


def test_an_unknown_pool_is_refused(ranking):
    with pytest.raises(DataError, match="no pool 'random'; it has scored, all"):
        plot_ranking(ranking, "random")


def _dots(axes):
    """{row: overlap} of the dots of a panel."""
    return {
        float(line.get_ydata()[0]): float(line.get_xdata()[0])
        for line in axes.lines
        if line.get_marker() == "o"
    }


def test_checks_are_dots_in_blocks_of_pools(means):
    figure = plot_ranking_checks(means)
    assert [axes.get_title() for axes in figure.axes] == ARCHITECTURES
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    block = list(CHECKS.values())
    heads = ["all algorithms", "algorithms that score weights", "random algorithms"]
    assert names == [heads[0], *block, heads[1], *block, heads[2], *block]
    cells = means.set_index(["architecture", "pool", "strategy"])["rbo"]
    for axes in figure.axes:
        dots = _dots(axes)
        for block, pool in enumerate(["all", "scored", "random"]):
            for number, strategy in enumerate(CHECKS, start=1):
                place = block * (len(CHECKS) + 1) + number
                assert dots.pop(place) == cells[axes.get_title(), pool, strategy]
        assert not dots


def test_intervals_and_nulls_have_their_ends(means):
    axes = plot_ranking_checks(means).axes[0]
    row = means.set_index(["architecture", "pool", "strategy"]).loc[("Conv-6", "all", "mixture")]
    spans = {
        tuple(line.get_xdata())
        for line in axes.lines
        if len(line.get_xdata()) == 2 and line.get_ydata()[0] == 1
    }
    assert (row["low"], row["high"]) in spans
    assert (row["null_mean"], row["null_95"]) in spans


def test_checks_are_legible_with_and_without_intervals(means):
    one = means[(means["architecture"] == "Resnet-20") & (means["pool"] == "all")]
    for table in (means, one, one.assign(low=np.nan, high=np.nan)):
        figure = plot_ranking_checks(table)
        add_note(figure, "accuracies: published means")
        assert_legible(figure)
    assert _legend(figure) == ["overlap", "random orders: mean to 95 % point"]


def test_strategies_that_a_study_lacks_have_no_row(means):
    few = means[means["strategy"].isin(["mixture", "edges", "delta_r"])]
    missing = few.assign(rbo=few["rbo"].where(few["strategy"] != "edges"))
    names = [label.get_text() for label in plot_ranking_checks(few).axes[0].get_yticklabels()]
    assert names[1:3] == [CHECKS["mixture"], CHECKS["edges"]]
    assert np.isnan(_dots(plot_ranking_checks(missing).axes[0])[2])
    with pytest.raises(DataError, match="none of mixture, "):
        plot_ranking_checks(means[means["strategy"] == "delta_r"])


def test_tables_of_another_kind_are_refused():
    for plot in (plot_ranking, plot_ranking_checks):
        with pytest.raises(DataError, match=r"lacks the column.s. .*; it has colour"):
            plot(pd.DataFrame({"colour": ["red"]}))
