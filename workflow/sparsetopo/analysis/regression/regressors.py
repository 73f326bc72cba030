"""The eight regressors of the paper (Cunegatti et al. 2024, appendix A.6).

The settings are those that reproduce its tables. All are linear in the features; they differ in
how they shrink coefficients and how they weigh outliers.

Examples
--------
>>> list(REGRESSORS)[:3]
['Linear', 'Ridge', 'Lasso']
>>> REGRESSORS["Ridge"]().fit([[0.0], [1.0]], [0.0, 1.0]).predict([[0.5]])
array([0.5])
"""

from collections.abc import Callable, Mapping
from typing import Any

from sklearn.decomposition import PCA
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    Lasso,
    LinearRegression,
    Ridge,
)
from sklearn.pipeline import make_pipeline

from sparsetopo.analysis.regression.huber import NewtonHuberRegressor
from sparsetopo.analysis.regression.ridge import RIDGE_PENALTY

Regressors = Mapping[str, Callable[[], Any]]
"""Name: a function that makes a fresh estimator."""

REGRESSORS: Regressors = {
    "Linear": LinearRegression,
    "Ridge": lambda: Ridge(alpha=RIDGE_PENALTY),
    # With collinear features coordinate descent is slow: scikit-learn's default of 1,000 iterations
    # is not always enough.
    "Lasso": lambda: Lasso(alpha=1e-4, max_iter=20_000),
    "ElasticNet": lambda: ElasticNet(alpha=1e-4, max_iter=20_000),
    "Huber": NewtonHuberRegressor,
    # Principal component regression with all components equals Linear, except on rank-deficient samples.
    "PCR": lambda: make_pipeline(PCA(), LinearRegression()),
    "BayesianRidge": BayesianRidge,
    "ARD": ARDRegression,
}
"""Names as shown in tables. The estimators expect features scaled to 0..1."""
