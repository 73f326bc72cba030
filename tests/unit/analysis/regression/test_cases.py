"""All cases of a study: which there are, groups left out against a plain computation, small studies."""

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.preprocessing import MinMaxScaler
from tests.unit.analysis.regression.regressions import FAST, case_table, study_table

from sparsetopo.analysis.regression.cases import study_cases
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.regression.splits import LEFT_OUT, VALIDATIONS
from sparsetopo.analysis.tables.feature_sets import FeatureSet, feature_sets
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import CELL
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import LAYER_METRICS

QUICK = CrossValidation(regressors=FAST)
COLUMNS = [
    "encoding", "validation", "scaling", "subset_kind", "subset", "rows", "rows_left_out", "features",
    "regressor", "adjusted_r2", "adjusted_r2_std", "adjusted_r2_median_fold", "r2", "mae", "mae_std", "unconverged", "status",
]  # fmt: skip


@pytest.fixture
def collected(networks):
    """Two data sets, the second of another level of drop."""
    other = networks.assign(dataset="cifar", accuracy_drop=1.1 * networks["accuracy_drop"] + 0.5)
    table = pd.concat([networks, other], ignore_index=True)
    return table.assign(achieved_sparsity=table["sparsity"].astype(float))


@pytest.fixture
def layers(collected):
    random = np.random.default_rng(4)
    parts = []
    for encoding in ("rolled", "rolled_channel"):
        part = collected[list(CELL)].assign(encoding=encoding, layer=0, nodes=50, edges=90)
        parts.append(part.assign(**{key: random.uniform(size=len(part)) for key in LAYER_METRICS}))
    return pd.concat(parts, ignore_index=True)


def test_which_cases_there_are(collected, layers):
    sets = feature_sets(collected, layers)
    cases = [
        (c.features.name, c.validation, c.scaling, c.repeats) for c in study_cases(sets, repeats=7)
    ]
    further = [("shuffled", "fold", 20), *((validation, "fold", 1) for validation in LEFT_OUT)]
    assert cases == [
        (name, *way)
        for name in sets
        for way in [("shuffled", "subset", 20 if name.endswith("free") else 7), *further]
    ]
    few = study_cases(sets, checks=False, scaling="fold")
    assert [(c.features.name, c.validation, c.scaling, c.repeats) for c in few] == [
        (name, "shuffled", "fold", 100) for name in ("MGE", "rolled", "rolled-channel", "size")
    ]
    ways = {(case.validation, case.scaling) for case in study_cases(sets, scaling="fold")}
    assert ways == {(validation, "fold") for validation in VALIDATIONS}


@pytest.mark.middle
def test_the_table_has_every_case_and_the_papers_numbers(collected, layers):
    sets = feature_sets(collected, layers)
    calls = []
    table = study_table(
        sets,
        CrossValidation(regressors=FAST, progress=lambda *call: calls.append(call)),
        repeats=3,
        check_repeats=2,
    )
    assert list(table.columns) == COLUMNS
    total = 7 * 5 * 8
    assert calls == [(done, total) for done in range(1, total + 1)]
    assert len(table.groupby(["encoding", "validation", "scaling", "subset"])) == total
    for name, scaling, repeats in [("rolled", "subset", 3), ("size", "fold", 2)]:
        chosen = (table["encoding"] == name) & (table["validation"] == "shuffled")
        chosen &= table["scaling"] == scaling
        alone = case_table(
            sets[name].table,
            sets[name].columns,
            encoding=name,
            repeats=repeats,
            scaling=scaling,
            settings=QUICK,
        )
        pd.testing.assert_frame_equal(table[chosen].reset_index(drop=True), alone, check_exact=True)


@pytest.mark.parametrize("group", ["dataset", "algorithm"])
def test_leaving_groups_out_equals_a_plain_computation(collected, group):
    features = feature_sets(collected)["MGE"]
    table = case_table(
        features.table,
        features.columns,
        validation=f"leave-one-{group}-out",
        scaling="fold",
        settings=QUICK,
    )
    part = features.table[features.table["architecture"] == "Resnet-20"]
    X, y = part[list(features.columns)].to_numpy(), part["accuracy_drop"].to_numpy()
    scores = []
    for name in sorted(part[group].unique()):
        test = (part[group] == name).to_numpy()
        scaler = MinMaxScaler().fit(X[~test])
        model = Ridge(alpha=0.1).fit(scaler.transform(X[~test]), y[~test])
        predicted = model.predict(scaler.transform(X[test]))
        r2 = r2_score(y[test], predicted)
        # n is that of the whole subset, as for shuffled folds.
        scores.append((1 - (1 - r2) * 139 / (140 - 17), r2, np.abs(y[test] - predicted).mean()))
    row = table.set_index(["subset", "regressor"]).loc[("Resnet-20", "Ridge")]
    found = row[["adjusted_r2", "r2", "mae"]].to_list()
    np.testing.assert_allclose(found, np.mean(scores, axis=0), rtol=1e-8)
    middle = np.median([score[0] for score in scores])
    assert row["adjusted_r2_median_fold"] == pytest.approx(middle, rel=1e-8)
    # The spread is that over the groups.
    spread = np.std(scores, axis=0, ddof=1)
    np.testing.assert_allclose(
        row[["adjusted_r2_std", "mae_std"]].to_list(), spread[[0, 2]], rtol=1e-8
    )
    assert (table["scaling"] == "fold").all()


def test_a_level_that_was_never_seen_is_missed_and_shuffling_hides_it(collected):
    sets = {"MGE": feature_sets(collected)["MGE"]}
    level = sets["MGE"].table.copy()
    level["disconnected"] += (level["dataset"] == "cifar") * 3.0  # tells the data set
    sets = {"MGE": FeatureSet("MGE", sets["MGE"].columns, level)}
    table = study_table(
        sets, CrossValidation(subset_kinds=["architecture"]), repeats=2, check_repeats=1
    )
    mean = table[table["regressor"] == "mean"].set_index(["validation", "scaling", "subset"])
    score = mean["adjusted_r2"]
    assert (score["shuffled"] > 0.9).all()
    assert (score["leave-one-algorithm-out"] > 0.8).all()
    assert (score["leave-one-dataset-out"] < -1).all()


def test_one_group_only_is_a_status(networks):
    sets = feature_sets(networks.assign(achieved_sparsity=0.9))
    table = study_table({"MGE": sets["MGE"]}, QUICK, repeats=1, check_repeats=1)
    status = table.groupby(["validation", "subset"])["status"].unique().map(list)
    for subset in ("all", "Resnet-20", "Resnet-32"):
        assert status["leave-one-dataset-out", subset] == ["one dataset only: none can be left out"]
    assert status["leave-one-architecture-out", "Resnet-20"] == [
        "one architecture only: none can be left out"
    ]
    one = table[table["status"].str.startswith("one ")]
    assert len(one) == 3 + 2
    assert one[["adjusted_r2", "r2", "mae"]].isna().all(axis=None)
    few = table[table["subset_kind"] == "sparsity"]
    assert set(few["status"]) == {"too few networks (28 for 17 coefficients)"}
    assert few[["adjusted_r2", "r2", "mae"]].isna().all(axis=None)


def test_shuffled_folds_do_not_depend_on_the_encoding(collected):
    """Two encodings with the same features in another order have the same scores."""
    features = feature_sets(collected)["MGE"]
    sets = {
        "MGE": features,
        "size": FeatureSet("size", features.columns[::-1], features.table),
    }
    table = study_table(
        sets, CrossValidation(regressors={"Ridge": FAST["Ridge"]}), repeats=2, checks=False
    )
    first, second = (part for _, part in table.groupby("encoding"))
    np.testing.assert_allclose(first["adjusted_r2"], second["adjusted_r2"], rtol=1e-8)


@pytest.mark.middle
def test_workers_do_not_change_the_result(collected, layers):
    sets = feature_sets(collected, layers)
    chosen = {name: sets[name] for name in ("MGE", "rolled-size-free")}
    alone, shared = (
        study_table(
            chosen,
            CrossValidation(workers=workers, subset_kinds=["architecture"]),
            repeats=6,
            check_repeats=1,
        )
        for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)


@pytest.mark.middle
def test_tiny_and_odd_studies_have_statuses_and_no_warning(recwarn):
    random = np.random.default_rng(0)
    axes = ["snip", "er"], ["d", "e"], ["A", "B"], ["0.6", "0.9"], range(6)
    cells = itertools.product(*axes)
    table = pd.DataFrame(list(cells), columns=list(CELL))
    table = table.assign(nodes=10, edges=20, achieved_sparsity=0.5)
    for key in PAPER_METRICS:
        table[key] = random.uniform(size=len(table))
    table["accuracy_drop"] = np.where(table["dataset"] == "d", 0.2, random.uniform(size=len(table)))
    table.loc[(table["sparsity"] == "0.9") & (table["dataset"] == "e"), "accuracy_drop"] = 0.4
    metrics = {key: PAPER_METRICS[key] for key in ("sink", "n1")}
    result = study_table(feature_sets(table, metrics=metrics), repeats=1, check_repeats=1)
    assert set(result["validation"]) == set(VALIDATIONS)
    defined = result[result["status"] == "ok"]
    assert len(defined)
    assert defined[["adjusted_r2", "r2", "mae"]].notna().all(axis=None)
    undefined = result.drop(index=defined.index)
    assert undefined["adjusted_r2"].isna().all()
    inside = result[(result["subset"] == "0.9") & (result["validation"] == "leave-one-dataset-out")]
    assert set(inside["status"]) == {"the accuracy drop is constant in every dataset"}
    assert not [str(warning.message) for warning in recwarn]


def test_refusals(collected):
    features = feature_sets(collected)["MGE"]
    with pytest.raises(
        DataError, match="no validation 'loo'; known: shuffled, leave-one-dataset-out"
    ):
        case_table(features.table, features.columns, validation="loo")
    with pytest.raises(DataError, match="no scaling 'row'; known: subset, fold"):
        study_cases({"MGE": features}, scaling="row")
    with pytest.raises(DataError, match="the table of 'MGE' has no row"):
        case_table(features.table[:0], features.columns)
    with pytest.raises(DataError, match="at least 1 repeat, not 0"):
        study_cases({"MGE": features}, repeats=0)
