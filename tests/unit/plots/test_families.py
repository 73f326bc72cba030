"""The figure of families: what it writes where, and that it stays legible."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.plots.legible import assert_legible

from sparsetopo.errors import DataError
from sparsetopo.plots.families import plot_families
from sparsetopo.plots.heat import number_text

FAMILIES = ["expansion", "global", "local", "neighbour", "strength", "own"]
SPARSITIES = [("sparsity", value) for value in ("0.6", "0.8", "0.9", "0.95", "0.98")]
ARCHITECTURES = [
    ("architecture", name) for name in ("Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2")
]


def _table(columns, families=FAMILIES):
    random = np.random.default_rng(0)
    records = []
    for kind, column in columns:
        every = random.uniform(0.5, 0.9)
        place = {"subset_kind": kind, "subset": column, "status": "ok"}
        records.append({**place, "family": "all", "use": "all", "adjusted_r2": every})
        for family in families:
            for use in ("keep", "drop"):
                score = every - random.exponential(0.2)
                records.append({**place, "family": family, "use": use, "adjusted_r2": score})
    table = pd.DataFrame(records)
    every = table[table["use"] == "all"].set_index("subset")["adjusted_r2"]
    return table.assign(difference=table["adjusted_r2"] - table["subset"].map(every))


def _texts(axes, columns):
    texts = [text.get_text() for text in axes.texts]
    return [texts[start : start + columns] for start in range(0, len(texts), columns)]


def test_writes_the_score_of_each_family_and_the_loss_without_it():
    table = _table(SPARSITIES)
    left, right = plot_families(table).axes[:2]
    names = ["local", "neighbour", "strength", "global", "expansion", "own"]
    rows = [label.get_text() for label in left.get_yticklabels()]
    assert rows == ["all families", *(f"{name} only" for name in names)]
    rows = [label.get_text() for label in right.get_yticklabels()]
    assert rows == [f"without {name}" for name in names]
    cells = table.set_index(["use", "family", "subset"])
    for place, (use, family) in enumerate([("all", "all"), *(("keep", name) for name in names)]):
        expected = [cells.loc[(use, family, value), "adjusted_r2"] for _, value in SPARSITIES]
        assert _texts(left, 5)[place] == [number_text(value) for value in expected]
    for place, family in enumerate(names):
        expected = [cells.loc[("drop", family, value), "difference"] for _, value in SPARSITIES]
        assert _texts(right, 5)[place] == [number_text(value) for value in expected]


@pytest.mark.middle
@pytest.mark.parametrize(
    "columns", [SPARSITIES[:1], SPARSITIES + ARCHITECTURES[:2], SPARSITIES + ARCHITECTURES]
)
def test_it_is_legible(columns):
    table = _table(columns)
    assert_legible(plot_families(table))
    few = "too few networks (28 for 17 coefficients)"
    none = table.assign(adjusted_r2=np.nan, difference=np.nan, status=few)
    assert_legible(plot_families(none))


def test_undefined_and_failed_fits():
    table = _table(SPARSITIES)
    table.loc[table["subset"] == "0.8", ["adjusted_r2", "difference"]] = np.nan
    table.loc[table["subset"] == "0.8", "status"] = "too few networks (9 for 17 coefficients)"
    failed = (table["subset"] == "0.9") & (table["family"] == "local") & (table["use"] == "drop")
    table.loc[failed, "difference"] = -400.0
    left, right = plot_families(table).axes[:2]
    for axes in (left, right):
        (note, *_) = (text for text in axes.texts if text.get_rotation() == 90)
        assert " ".join(note.get_text().split()) == "too few networks (9 for 17 coefficients)"
        assert note.get_position()[0] == 1
    assert "< −1" in [text.get_text() for text in right.texts]
    # The one failed fit does not make all others look alike.
    (image,) = right.images
    assert image.norm.vmax <= 1.0


def test_a_family_that_is_alone_cannot_be_dropped():
    table = _table(SPARSITIES, ["local"])
    figure = plot_families(table[table["use"] != "drop"])
    assert _texts(figure.axes[1], 5) == [["–"] * 5]


def test_a_table_of_another_kind_is_refused():
    with pytest.raises(DataError, match=r"lacks the column.s. .*; it has colour"):
        plot_families(pd.DataFrame({"colour": ["red"]}))
