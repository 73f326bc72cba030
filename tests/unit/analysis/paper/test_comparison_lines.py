"""The lines that a run of the released results ends with."""

import pandas as pd
import pytest
from tests.unit.analysis.paper.test_comparison import one_ranking, printed_rankings
from tests.unit.analysis.paper.test_comparison_tables import regression_rows

from sparsetopo.analysis.paper.comparison import compare
from sparsetopo.analysis.paper.comparison_lines import comparison_lines
from sparsetopo.analysis.paper.comparison_tables import read_paper
from sparsetopo.errors import DataError

PERMUTED = pd.DataFrame({"permutation": [0, 1, 2], "cells_within": [48, 5, 7]})


def lines(rows, shift=0.0, strategy=None, permuted=PERMUTED):
    ranking, means = printed_rankings(shift, strategy)
    return comparison_lines(compare(rows, one_ranking(), ranking, means), permuted)


def test_the_lines():
    rows = regression_rows(read_paper(), -0.01)
    for encoding, subset in (("MGE", "0.9"), ("rolled", "Conv-6"), ("rolled-channel", "0.98")):
        far = (rows["encoding"] == encoding) & (rows["subset"] == subset)
        rows.loc[far, "adjusted_r2"] -= 0.02
    assert lines(rows, 0.05, "delta_r") == [
        "The paper's tables, made again from the results that its authors released:",
        "  table 3, adjusted R2 of the accuracy drop: off by .0122 on average over 27 cells (aim: at most .012)",
        "    MGE            ours .49 to .82, the paper's .50 to .83; off most at 0.9: .56 for .59",
        "    rolled         ours .01 to .74, the paper's .02 to .75; off most at Conv-6: .62 for .65",
        "    rolled-channel ours .09 to .71, the paper's .10 to .72; off most at 0.98: .44 for .47",
        "  tables 4, 11 and 12, rankings: cells within .01 of the printed value, of 60",
        "    layer density 60 (aim: 56), delta_r 0, delta_r_imdb 60 (aim: 52), lambda_imsg 60 (aim: 56), "
        "mixture 60 (aim: 48)",
        "    the mixture with its weights permuted among the metrics: 6 on average (2 times)",
    ]


def test_what_was_not_computed_is_said():
    rows = regression_rows(read_paper())
    said = lines(rows[rows["encoding"] != "rolled"], permuted=PERMUTED[:1])
    assert "over 18 of 27 cells" in said[1]
    assert said[3] == "    rolled         not computed"
    assert said[-1] == "    the mixture with permuted weights: not computed"


def test_permuted_weights_need_their_columns():
    with pytest.raises(DataError, match=r"lacks the column\(s\) cells_within"):
        lines(regression_rows(read_paper()), permuted=PERMUTED[["permutation"]])
