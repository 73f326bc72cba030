"""The accuracy drop against values worked out by hand."""

import pandas as pd
import pytest

from sparsetopo.analysis.tables.accuracy_drop import add_accuracy_drop
from sparsetopo.errors import DataError

KEYS = ["dataset", "architecture", "seed", "accuracy"]
DENSE = pd.DataFrame([("d", "A", 0, 0.8), ("d", "A", 1, 1.0), ("d", "B", 0, 0.5)], columns=KEYS)
SPARSE = pd.DataFrame([("d", "A", 0, 0.45), ("d", "B", 0, 0.6), ("d", "A", 1, 0.9)], columns=KEYS)


def test_mean_reference():
    result = add_accuracy_drop(SPARSE, DENSE)
    assert result["dense_accuracy"].tolist() == pytest.approx([0.9, 0.5, 0.9])
    assert result["accuracy_drop"].tolist() == pytest.approx([0.5, -0.2, 0.0])
    assert result["accuracy"].tolist() == SPARSE["accuracy"].tolist()


def test_same_seed_reference():
    result = add_accuracy_drop(SPARSE, DENSE, reference="same_seed")
    assert result["accuracy_drop"].tolist() == pytest.approx([1 - 0.45 / 0.8, -0.2, 0.1])


def test_existing_columns_are_replaced():
    again = add_accuracy_drop(add_accuracy_drop(SPARSE, DENSE, "same_seed"), DENSE)
    pd.testing.assert_frame_equal(again, add_accuracy_drop(SPARSE, DENSE))


def test_missing_baseline_is_named():
    with pytest.raises(DataError, match="no dense baseline for d/B"):
        add_accuracy_drop(SPARSE, DENSE[:2])
    with pytest.raises(DataError, match="no dense baseline for d/A/1"):
        add_accuracy_drop(SPARSE, DENSE.drop(index=1), "same_seed")


@pytest.mark.parametrize("accuracy", [0.0, 93.2])
def test_impossible_baseline(accuracy):
    with pytest.raises(DataError, match="above 0 and at most 1"):
        add_accuracy_drop(SPARSE, DENSE.assign(accuracy=accuracy))


def test_baseline_twice_and_unknown_reference():
    with pytest.raises(DataError, match="d/A/0 is in the table more than once"):
        add_accuracy_drop(SPARSE, pd.concat([DENSE, DENSE[:1]]))
    with pytest.raises(DataError, match="'mean' or 'same_seed', not 'best'"):
        add_accuracy_drop(SPARSE, DENSE, "best")
