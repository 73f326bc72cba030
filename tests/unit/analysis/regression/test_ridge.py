"""Ridge regression for many targets at once, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.preprocessing import MinMaxScaler

from sparsetopo.analysis.regression.cross_validation import fold_average_r2
from sparsetopo.analysis.regression.ridge import ridge_predictions
from sparsetopo.analysis.regression.splits import shuffled_folds


@pytest.mark.parametrize("scaling", ["subset", "fold"])
def test_ridge_equals_scikit_learns_for_every_target(scaling):
    random = np.random.default_rng(0)
    values = random.normal(size=(40, 6)) * 10.0 ** np.arange(-3, 3)
    values[:, 2] = 5.0
    drops = random.uniform(size=(40, 7))
    splits = shuffled_folds(40, 5, 0)
    found = ridge_predictions(values, drops, splits, scaling)
    scores = np.zeros((5, 7))
    for fold, (train, test) in enumerate(splits):
        scaler = MinMaxScaler().fit(values[train] if scaling == "fold" else values)
        X = scaler.transform(values)
        for target in range(7):
            model = Ridge(alpha=0.1).fit(X[train], drops[train, target])
            expected = model.predict(X[test])
            np.testing.assert_allclose(found[test, target], expected, rtol=1e-9, atol=1e-10)
            scores[fold, target] = r2_score(drops[test, target], expected)
    np.testing.assert_allclose(fold_average_r2(drops, found, splits), scores.mean(axis=0))


def test_folds_without_spread_are_left_out():
    drops = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0], [2.0, 1.0]])
    splits = [(np.array([2, 3]), np.array([0, 1])), (np.array([0, 1]), np.array([2, 3]))]
    predictions = np.zeros((4, 2))
    found = fold_average_r2(drops, predictions, splits)
    assert found[0] == 1 - 4 / 2
    assert np.isnan(found[1])
