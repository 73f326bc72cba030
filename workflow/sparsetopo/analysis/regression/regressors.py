"""The eight regressors of the paper (Cunegatti et al. 2024, appendix A.6).

The settings are those that reproduce its tables.
All are linear in the features; they differ in how they shrink coefficients and how they weigh
outliers.
"""

from collections.abc import Callable
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

REGRESSORS: dict[str, Callable[[], Any]] = {
    "Linear": LinearRegression,
    "Ridge": lambda: Ridge(alpha=0.1),
    # Collinear features make coordinate descent slow: scikit-learn's 1,000 rounds are not always
    # enough.
    "Lasso": lambda: Lasso(alpha=1e-4, max_iter=20_000),
    "ElasticNet": lambda: ElasticNet(alpha=1e-4, max_iter=20_000),
    "Huber": NewtonHuberRegressor,
    # Principal component regression with all components: Linear, but for rank-deficient samples.
    "PCR": lambda: make_pipeline(PCA(), LinearRegression()),
    "BayesianRidge": BayesianRidge,
    "ARD": ARDRegression,
}
"""Name as shown in tables: a function that makes a fresh estimator. Inputs are features in 0..1."""
