"""The side-by-side page: what it shows, in which order, and that it is well-formed."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.paper.test_comparison import one_ranking, printed_rankings
from tests.unit.analysis.paper.test_comparison_tables import regression_rows

from sparsetopo.analysis.paper.comparison import compare
from sparsetopo.analysis.paper.comparison_tables import read_paper
from sparsetopo.plots.pages.comparison import comparison_page
from sparsetopo.plots.pages.document import PageItem


def _comparison(shift=0.0, **regression):
    ranking, means = printed_rankings(shift, "mixture")
    rows = regression_rows(read_paper()).assign(**regression)
    return compare(rows, one_ranking(), ranking, means)


def _parsed(html):
    """The page as a tree: fails where a tag is not closed."""
    text = html.removeprefix("<!doctype html>\n").replace("&ndash;", "-").replace("&plusmn;", "+-")
    return ElementTree.fromstring(text.replace('<meta charset="utf-8">', ""))


def _cells(tree, css):
    return ["".join(cell.itertext()) for cell in tree.iter("td") if cell.get("class") == css]


def test_every_cell_is_there_and_none_is_marked_if_none_is_off():
    tree = _parsed(comparison_page("Side by side", _comparison()))
    headings = ["".join(node.itertext()) for node in tree.iter("h2")]
    assert headings[0] == "Summary"
    assert [heading.split(":")[0] for heading in headings[1:]] == ["Table 3", "Table 4", "Table 11", "Table 12"]  # fmt: skip
    assert _cells(tree, "off") == []
    assert _cells(tree, "yes") == ["yes"] * 6
    three = [
        cell
        for cell in tree.iter("td")
        if cell.find("b") is not None and cell.find("span") is not None
    ]
    assert len(three) == 3 * 4 * 5 * 6
    assert "".join(three[0].itertext()) == "0.560 0.56 +0.000"


def test_off_cells_are_marked_and_their_remarks_shown():
    comparison = _comparison(0.05)
    html = comparison_page("Side by side", comparison)
    tree = _parsed(html)
    off = _cells(tree, "off")
    assert len(off) == 3 * 4 * 6  # the mixture: every sparsity and the average
    assert all(cell.endswith("+0.050*") for cell in off)
    assert "Not this cell alone: 60 of 60 cells" in html
    assert _cells(tree, "no") == ["no"]


@pytest.mark.parametrize(("column", "marked"), [("adjusted_r2", 27), ("mae", 27)])
def test_r2_and_error_are_marked_apart(column, marked):
    tree = _parsed(comparison_page("Side by side", _comparison(**{column: 5.0})))
    assert len(_cells(tree, "off")) == marked


def test_what_is_missing_is_undefined():
    tree = _parsed(comparison_page("Side by side", _comparison(adjusted_r2=np.nan)))
    text = "".join(tree.itertext())
    assert "undefined" in text
    assert "0 of 27 (27 not computed)" in text
    assert "nan" not in text


def test_facts_permuted_weights_and_figures_are_escaped():
    permuted = pd.DataFrame({"permutation": [0, 1], "cells_within": [4, 7]})
    html = comparison_page(
        "A & B", _comparison(), ["3 < 4 rows"], permuted, [PageItem("f.svg", "Figure <5>", "x & y")], "v1"
    )  # fmt: skip
    text = "".join(_parsed(html).itertext())
    assert "A & B" in text
    assert "3 < 4 rows" in text
    assert "meets 5.5 of the 60 cells on average over 2 permutation(s), between 4 and 7" in text
    assert "With its own weights it meets 60." in text
    assert "Figure <5>" in text
