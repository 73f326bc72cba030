"""What every figure must keep: nothing is cut off, and no label or note covers another."""

import itertools

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure

WIDEST = 14
"""Inches. On a page 11 inches wide, letters of 7.5 points and more then stay near 6 points."""


def assert_legible(figure: Figure) -> None:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    drawn = figure.get_tightbbox(renderer)  # inches, of everything that shows
    width, height = figure.get_size_inches()
    assert width <= WIDEST
    assert drawn.x0 >= -0.01
    assert drawn.y0 >= -0.01
    assert drawn.x1 <= width + 0.01
    assert drawn.y1 <= height + 0.01
    for axes in figure.axes:
        for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
            upright = [label for label in labels if label.get_text() and label.get_rotation() == 0]
            extents = [label.get_window_extent(renderer) for label in upright]
            for first, second in itertools.pairwise(extents):
                assert not first.overlaps(second)
    _assert_apart(figure, renderer)


def _assert_apart(figure: Figure, renderer: RendererAgg) -> None:
    """Titles, notes and legends keep clear of each other and of the panels."""
    outside = [legend.get_window_extent(renderer) for legend in figure.legends]
    # The texts of a figure include its note and its common axis labels.
    outside += [text.get_window_extent(renderer) for text in figure.texts if text.get_text()]
    panels = [axes.get_tightbbox(renderer) for axes in figure.axes if axes.axison]
    for first, second in itertools.combinations(outside, 2):
        assert not first.overlaps(second)
    for box, panel in itertools.product(outside, panels):
        assert not box.overlaps(panel)
