"""Figures of a table of the default size: what they show, and that their files are reproducible."""

import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.regression.regressions import FAST, case_table
from tests.unit.plots.legible import assert_legible

from sparsetopo.analysis.importance import importance_table
from sparsetopo.analysis.ranking.cases import RankingSettings, rank_networks
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.errors import DataError
from sparsetopo.plots.accuracy import plot_accuracy
from sparsetopo.plots.heat import number_text
from sparsetopo.plots.importance import plot_importance
from sparsetopo.plots.ranking import plot_ranking
from sparsetopo.plots.regression import plot_regression
from sparsetopo.plots.saving import save_figure
from sparsetopo.plots.style import add_note, algorithm_style, display

ALGORITHMS = ["snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"]


@pytest.fixture(scope="module")
def networks():
    random = np.random.default_rng(3)
    records = []
    for algorithm, architecture, sparsity, seed in itertools.product(
        ALGORITHMS, ["Resnet-20", "Wide-Resnet-28-2"], ["0.6", "0.8", "0.9", "0.95", "0.98"], [0, 1]
    ):
        metrics = {key: random.uniform() for key in PAPER_METRICS}
        accuracy = 0.97 - (0.01 + 0.3 * max(0.0, float(sparsity) - 0.8)) * random.uniform(0.5, 1.5)
        records.append(
            {
                "algorithm": algorithm, "dataset": "digits", "architecture": architecture,
                "sparsity": sparsity, "seed": seed, "accuracy": accuracy, "dense_accuracy": 0.98,
                "accuracy_drop": 1 - accuracy / 0.98, "nodes": 1000, "edges": random.integers(1000, 2000), **metrics,
            }
        )  # fmt: skip
    return pd.DataFrame(records)


@pytest.fixture(scope="module")
def importance(networks):
    return importance_table(networks)


@pytest.fixture(scope="module")
def figures(networks, importance):
    ranking = rank_networks(networks, settings=PLAIN).ranking
    fast = CrossValidation(regressors=FAST)
    return {
        "accuracy": plot_accuracy(networks),
        "regression": plot_regression(case_table(networks, repeats=2, settings=fast)),
        "importance": plot_importance(importance),
        "ranking": plot_ranking(ranking),
    }


PLAIN = RankingSettings(checks=False, permutations=0, resamples=0)
NAMES = ["accuracy", "regression", "importance", "ranking"]


@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_cut_or_overlaps_a_neighbour(figures, name):
    assert_legible(figures[name])


@pytest.fixture(scope="module")
def papers_grid(networks):
    """A study of the paper's size, 3 data sets and 4 architectures, with published accuracies and a gap."""
    names = ["Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2"]
    once = networks[networks["architecture"] == "Resnet-20"]
    table = pd.concat(
        once.assign(dataset=dataset, architecture=name, accuracy=once["accuracy"] - 0.01 * number)
        for dataset in ("CIFAR-10", "CIFAR-100", "Tiny-ImageNet")
        for number, name in enumerate(names)
    )
    gap = (table["algorithm"] == "prospr") & (table["sparsity"] == "0.98")
    table.loc[gap & (table["architecture"] == "Resnet-32"), ["accuracy", "accuracy_drop"]] = np.nan
    return table.assign(accuracy_std=0.02)


@pytest.mark.parametrize("name", ["accuracy", "regression", "importance", "ranking"])
def test_the_papers_grid_is_legible(papers_grid, name):
    importance = importance_table(papers_grid)
    fast = CrossValidation(regressors=FAST)
    figure = {
        "accuracy": lambda: plot_accuracy(papers_grid),
        "regression": lambda: plot_regression(case_table(papers_grid, repeats=1, settings=fast)),
        "importance": lambda: plot_importance(importance),
        "ranking": lambda: plot_ranking(rank_networks(papers_grid, settings=PLAIN).ranking),
    }[name]()
    add_note(figure, "accuracies: published means")
    assert_legible(figure)


def test_published_deviations_are_the_bars_and_gaps_stay_gaps(papers_grid):
    axes = plot_accuracy(papers_grid).axes[2]  # Resnet-32
    bars = axes.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([segment[1, 1] - segment[0, 1] for segment in bars], 4.0)
    curves = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
    gaps = [np.isnan(np.asarray(line.get_ydata(), dtype=float)).sum() for line in curves]
    assert gaps == [0, 0, 0, 1, 0, 0, 0]


def test_a_note_stands_above_the_figure(networks):
    figure = plot_accuracy(networks)
    add_note(figure, "")
    assert figure.get_suptitle() == ""
    add_note(figure, "accuracies: published means")
    assert figure.get_suptitle() == "accuracies: published means"
    assert_legible(figure)


@pytest.mark.parametrize("suffix", ["svg", "png"])
@pytest.mark.parametrize("name", NAMES)
def test_files_are_reproducible(figures, tmp_path, name, suffix):
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    save_figure(figures[name], first)
    save_figure(figures[name], second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a.{suffix}", f"b.{suffix}"]
    if suffix == "svg":
        assert ElementTree.parse(first).getroot().tag.endswith("svg")
        assert b"<dc:date>" not in first.read_bytes()
    else:
        assert first.read_bytes().startswith(b"\x89PNG")


def test_unknown_format_writes_nothing(figures, tmp_path):
    with pytest.raises(DataError, match=r"written as \.svg, \.png or \.pdf, not as '\.gif'"):
        save_figure(figures["ranking"], tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_accuracy_shows_the_means_and_the_dense_line(figures, networks):
    figure = figures["accuracy"]
    assert [axes.get_title() for axes in figure.axes] == ["Resnet-20", "Wide-Resnet-28-2"]
    axes = figure.axes[0]
    curves = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
    assert len(curves) == 7
    own = networks[(networks["architecture"] == "Resnet-20") & (networks["algorithm"] == "snip")]
    expected = 100 * own.groupby("sparsity")["accuracy"].mean()
    np.testing.assert_allclose(curves[0].get_ydata(), expected)
    assert any(np.allclose(line.get_ydata(), 98) for line in axes.lines)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["SNIP", "GraSP", "SynFlow", "ProsPR", "Uniform", "ER", "ERK", "dense"]


def test_importance_is_grouped_by_category(figures, importance):
    axes = figures["importance"].axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [metric.label for metric in PAPER_METRICS.values()]
    cell = importance.set_index(["subset", "metric"]).loc[("all", "sink"), "pearson_r"]
    assert axes.texts[0].get_text() == number_text(cell)


def test_undefined_numbers_are_dashes(importance, networks):
    constant = importance.assign(status="constant metric", pearson_r=0.0)
    axes = plot_importance(constant).axes[0]
    assert {text.get_text() for text in axes.texts[: len(constant)]} == {"–"}
    few = case_table(networks[:20], repeats=1, settings=CrossValidation(subset_kinds=["sparsity"]))
    notes = {" ".join(text.get_text().split()) for text in plot_regression(few).axes[0].texts}
    assert notes == {"too few networks (4 for 17 coefficients)"}
    far = case_table(networks, repeats=1, settings=CrossValidation(subset_kinds=["all"]))
    far = far.assign(adjusted_r2=-41_789_140.0)
    texts = {text.get_text() for text in plot_regression(far).axes[0].texts}
    assert texts == {"no better\nthan mean"}
    assert number_text(-0.001) == "0.00"
    assert number_text(-0.5) == "−0.50"


@pytest.mark.parametrize("plot", [plot_regression, plot_importance, plot_ranking, plot_accuracy])
def test_a_table_of_another_kind_is_refused_by_its_columns(plot):
    with pytest.raises(DataError, match=r"lacks the column.s. .*; it has colour"):
        plot(pd.DataFrame({"colour": ["red"]}))


def test_many_algorithms_stay_within_their_sparsity(networks):
    many = pd.concat(
        networks.assign(algorithm=networks["algorithm"] + end) for end in ("", "-b", "-c")
    )
    axes = plot_accuracy(many).axes[0]
    curves = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
    places = np.array([line.get_xdata() for line in curves])
    assert places.shape == (21, 5)
    assert (np.abs(places - np.arange(5)) < 0.45).all()


def test_algorithms_keep_their_colours_and_unknown_ones_get_their_own():
    everything = algorithm_style(ALGORITHMS)
    assert algorithm_style(["er", "snip"]) == {name: everything[name] for name in ("snip", "er")}
    more = algorithm_style([*ALGORITHMS, "mine", "other"])
    assert len({colour for colour, _ in more.values()}) == 9
    assert display("mine") == "mine"
