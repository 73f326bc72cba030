"""Regressions as the tests ask for them: a study's, or a single case's, with few regressors."""

from sklearn.linear_model import LinearRegression

from sparsetopo.analysis.regression.cases import Case, study_cases
from sparsetopo.analysis.regression.regressors import REGRESSORS
from sparsetopo.analysis.regression.scores import regression_table
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.tables.feature_sets import FeatureSet
from sparsetopo.analysis.tables.metrics import PAPER_METRICS

FAST = {"Linear": LinearRegression, "Ridge": REGRESSORS["Ridge"]}


def case_table(table, features=tuple(PAPER_METRICS), *, encoding="MGE", settings=None, **way):
    """The regression table of one case; `way`: validation, scaling, repeats."""
    case = Case(FeatureSet(encoding, tuple(features), table), **way)
    return regression_table([case], settings or CrossValidation())


def study_table(sets, settings=None, **cases):
    """The regression table of a study; `cases`: as for `study_cases`."""
    return regression_table(study_cases(sets, **cases), settings or CrossValidation())
