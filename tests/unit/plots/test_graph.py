"""The drawing of a whole graph: every layer, every link with its shortcuts, every dead node."""

from collections import OrderedDict

import numpy as np
import pytest
from tests.unit.plots.legible import assert_legible
from torch import nn

import sparsetopo as st
from sparsetopo.analysis.graph_summary import summarise_graph
from sparsetopo.plots.graph import plot_mge
from sparsetopo.plots.saving import save_figure


class Residual(nn.Module):
    """Layers of 3, 5, 6 and 4 channels; a projection skips from the first to the third."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 6, 3, padding=1)
        self.skip, self.last = nn.Conv2d(3, 6, 1), nn.Linear(6, 4)

    def forward(self, x):
        return self.last((self.b(self.a(x).relu()) + self.skip(x)).relu().mean((2, 3)))


class Dense(nn.Module):
    """Every layer reads all before it: many links."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4 * (n + 1), 4) for n in range(layers))

    def forward(self, x):
        import torch

        for layer in self.layers:
            x = torch.cat([x, layer(x).relu()], dim=1)
        return x


@pytest.fixture(scope="module")
def graph():
    """Some kernels of the first convolution are pruned, and all that reach the last channel of the second."""
    masks = {
        name: np.ones(tuple(p.shape), dtype=bool)
        for name, p in Residual().named_parameters()
        if p.dim() > 1
    }
    masks["a.weight"][:2] = False
    masks["a.weight"][2, 0, 0] = False
    masks["b.weight"][5] = masks["skip.weight"][5] = False
    return st.encode(Residual(), (3, 6, 6), masks=masks)


def test_counts_are_those_of_the_unrolled_graph(graph):
    summary = summarise_graph(graph)
    adjacency = graph.to_scipy()
    assert summary.edges == adjacency.nnz == graph.num_edges
    assert [layer.size for layer in summary.layers] == graph.layer_sizes
    offsets = graph.layer_offsets
    into, out = np.diff(adjacency.tocsc().indptr), np.diff(adjacency.indptr)
    for number, layer in enumerate(summary.layers):
        nodes = slice(offsets[number], offsets[number + 1])
        assert layer.isolated == ((into[nodes] == 0) & (out[nodes] == 0)).sum()
        lacks = np.zeros(layer.size, dtype=bool)
        if number > 0:
            lacks |= into[nodes] == 0
        if number < len(offsets) - 2:
            lacks |= out[nodes] == 0
        assert layer.dead_ends == (lacks & ((into[nodes] > 0) | (out[nodes] > 0))).sum()
    for link in summary.links:
        block = adjacency[offsets[link.source] : offsets[link.source + 1]]
        assert link.edges == block[:, offsets[link.target] : offsets[link.target + 1]].nnz


def test_images_show_which_channels_are_joined(graph):
    links = {(link.source, link.target): link for link in summarise_graph(graph).links}
    assert [pair for pair, link in links.items() if link.is_shortcut] == [(0, 2)]
    kept = graph.masks["a.weight"].mean(axis=(2, 3)).T  # (inputs, outputs)
    np.testing.assert_allclose(links[0, 1].image, kept)
    np.testing.assert_allclose(links[0, 2].image, graph.masks["skip.weight"][:, :, 0, 0].T)


def test_many_channels_share_a_pixel():
    model = nn.Linear(200, 10)
    masks = {"weight": np.random.default_rng(0).random((10, 200)) < 0.3}
    (link,) = summarise_graph(st.encode(model, (200,), masks=masks)).links
    assert link.image.shape == (64, 10)
    pixels = np.bincount(np.arange(200) * 64 // 200)
    np.testing.assert_allclose(
        (link.image * pixels[:, None]).sum(axis=0), masks["weight"].sum(axis=1)
    )


def test_all_is_drawn_and_legible(graph):
    figure = plot_mge(
        graph, {path: type(part).__name__ for path, part in Residual().named_modules()}
    )
    assert_legible(figure)
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"input", "1", "2", "output", "3×8×8", "5×6×6", "4×1×1"} <= texts
    assert {"Conv2d 'a'", "Conv2d 'b' + 1", "Linear 'last'"} <= texts
    row, images = figure.axes
    bands, arcs = row.collections
    assert len(bands.get_paths()) == 3
    assert len(arcs.get_paths()) == 1
    assert len(images.images) == len(summarise_graph(graph).links) == 4


def test_long_paths_are_shortened_and_have_room():
    path = "encoder_of_images.stages_of_blocks.0.blocks.1.first_convolution"
    model = nn.Linear(3, 2)
    for part in reversed(path.split(".")):
        model = nn.Sequential(OrderedDict([(part, model)]))
    mge = st.encode(model, (3,))
    kinds = {path: "NonDynamicallyQuantizableLinear"}
    figure, without = plot_mge(mge, kinds), plot_mge(mge)
    assert_legible(figure)
    (label,) = (text for text in figure.axes[0].texts if "…" in text.get_text())
    assert label.get_text() == f"{kinds[path]} '…{path[-29:]}'"
    renderer = figure.canvas.get_renderer()
    assert figure.axes[0].bbox.y0 <= label.get_window_extent(renderer).y0
    assert without.get_size_inches()[1] < figure.get_size_inches()[1]


def test_a_graph_of_many_links_and_one_without_edges(tmp_path):
    many = st.encode(Dense(22), (4,))
    assert len(summarise_graph(many).links) > 160
    figure = plot_mge(many)
    assert_legible(figure)
    assert len(figure.axes[1].images) == 1
    nothing = st.encode(nn.Linear(3, 2), (3,), masks={"weight": np.zeros((2, 3), dtype=bool)})
    assert summarise_graph(nothing).layers[0].isolated == 3
    for suffix in ("svg", "png"):
        for number, drawn in enumerate((figure, plot_mge(nothing))):
            first, second = (tmp_path / f"{name}-{number}.{suffix}" for name in "ab")
            save_figure(drawn, first)
            save_figure(drawn, second)
            assert first.read_bytes() == second.read_bytes()
