"""The figure of Ramanujan metrics: its dots, its correlations, its size."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr
from tests.unit.plots.legible import assert_legible

from sparsetopo.errors import DataError
from sparsetopo.plots.heat import number_text
from sparsetopo.plots.ramanujan import plot_ramanujan
from sparsetopo.plots.saving import save_figure
from sparsetopo.plots.style import add_note

ARCHITECTURES = ["Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2"]
ALGORITHMS = ["snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"]


@pytest.fixture(scope="module")
def layers():
    """As many layers as the paper's grid has."""
    random = np.random.default_rng(0)
    rows = 29_560
    density = 10 ** random.uniform(-4, 0, rows)
    delta = np.where(
        density < 1e-3, np.nan, 1 + np.log10(density) / 2 + random.normal(0, 0.2, rows)
    )
    return pd.DataFrame(
        {
            "algorithm": random.choice(ALGORITHMS, rows),
            "architecture": random.choice(ARCHITECTURES, rows),
            "density": density,
            "delta_r": delta,
            "delta_r_imdb": np.where(density < 1e-2, np.nan, density),
            "lambda_imsg": np.where(density < 1e-2, np.nan, np.exp(random.normal(size=rows))),
        }
    )


@pytest.fixture(scope="module")
def figure(layers):
    return plot_ramanujan(layers)


def test_a_row_a_metric_and_a_panel_an_architecture(figure):
    assert len(figure.axes) == 12
    assert [axes.get_title() for axes in figure.axes[:4]] == ARCHITECTURES
    assert all(axes.get_xscale() == "log" for axes in figure.axes)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["SNIP", "GraSP", "SynFlow", "ProsPR", "Uniform", "ER", "ERK"]


def test_the_correlations_above_the_panels_rest_on_all_layers(figure, layers):
    metrics = ["delta_r", "delta_r_imdb", "lambda_imsg"]
    for place, axes in enumerate(figure.axes):
        metric, architecture = metrics[place // 4], ARCHITECTURES[place % 4]
        own = layers[layers["architecture"] == architecture][["density", metric]].dropna()
        pearson = number_text(pearsonr(*own.to_numpy().T).statistic)
        spearman = number_text(spearmanr(*own.to_numpy().T).statistic)
        expected = f"Pearson {pearson}, Spearman {spearman} (n={len(own):,})"
        assert [text.get_text() for text in axes.texts] == [expected]


def test_the_dots_are_layers_in_their_algorithms_colours(figure, layers):
    from matplotlib.colors import to_rgb

    from sparsetopo.plots.style import algorithm_style

    styles = algorithm_style(ALGORITHMS)
    (dots,) = figure.axes[1].collections
    shown = pd.DataFrame(np.asarray(dots.get_offsets()), columns=["density", "delta_r"])
    assert len(shown) == 1000
    real = layers[layers["architecture"] == "Resnet-20"]
    found = shown.merge(real, on=["density", "delta_r"], how="left")
    assert found["algorithm"].notna().all()
    colours = [to_rgb(styles[name][0]) for name in found["algorithm"]]
    np.testing.assert_allclose(dots.get_facecolors()[:, :3], colours)
    assert found["algorithm"].value_counts().min() > 100  # every seventh, on the average


@pytest.mark.middle
def test_it_is_legible_and_its_file_is_small(layers, tmp_path):
    figure = plot_ramanujan(layers)
    add_note(figure, "accuracies: published means")
    save_figure(figure, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size < 1_000_000
    assert_legible(figure)


@pytest.mark.middle
def test_its_file_is_the_same_every_time(layers, tmp_path):
    one = layers[layers["architecture"] == "Conv-6"]
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in files:
        save_figure(plot_ramanujan(one), path)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"<image" in files[0].read_bytes()  # the dots are pixels, the text is text
    assert b"Pearson" in files[0].read_bytes()


def test_one_architecture_without_any_value(layers):
    empty = layers[layers["architecture"] == "Conv-6"].assign(delta_r=np.nan)
    figure = plot_ramanujan(empty)
    assert [text.get_text() for text in figure.axes[0].texts] == [
        "no correlation: too few rows: 0 < 6"
    ]
    assert_legible(figure)


def test_a_table_of_another_kind_is_refused():
    with pytest.raises(DataError, match=r"lacks the column.s. .*; it has colour"):
        plot_ramanujan(pd.DataFrame({"colour": ["red"]}))
