"""The sentence of each section: what it says of planted numbers, and that it says so when there are none."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.plots.pages.made_up_study import networks

from sparsetopo.plots.pages.sentences import section_sentences

FEW = "too few networks (2 for 17 coefficients)"


def importance(**correlations):
    rows = [
        ("all", "all", metric, value, "ok" if np.isfinite(value) else "constant metric")
        for metric, value in correlations.items()
    ]
    rows += [
        ("sparsity", "0.9", metric, abs(value), status) for _, _, metric, value, status in rows
    ]
    return pd.DataFrame(rows, columns=["subset_kind", "subset", "metric", "pearson_r", "status"])


def prediction(among_all, by_sparsity, size=0.08):
    rows = [("all", "all", "MGE", among_all), ("all", "all", "size", size)]
    rows += [("sparsity", str(n), "MGE", value) for n, value in enumerate(by_sparsity)]
    table = pd.DataFrame(rows, columns=["subset_kind", "subset", "predictor", "r2"])
    table = table.assign(low=table["r2"] - 0.12, high=table["r2"] + 0.09)
    return table.assign(
        kind="set", status=["ok" if np.isfinite(value) else FEW for value in table["r2"]]
    )


def regression(scores, validation="shuffled", regressor="mean", **more):
    table = pd.DataFrame({"subset": list("abcdef")[: len(scores)], "adjusted_r2": scores})
    table = table.assign(
        subset_kind="sparsity", encoding="MGE", validation=validation, scaling="subset", **more
    )
    return table.assign(
        regressor=regressor, status=["ok" if np.isfinite(value) else FEW for value in scores]
    )


def means(rbo, p_value, status="ok"):
    rows = [
        ("mixture", rbo, p_value, 0.32),
        ("edges", 0.1, 0.9, 0.32),
        ("chance", 0.32, np.nan, np.nan),
    ]
    table = pd.DataFrame(rows, columns=["strategy", "rbo", "p_value", "null_mean"])
    return table.assign(pool="all", architecture="Resnet-20", status=status)


def said(name, **tables):
    return section_sentences({"networks": networks(), **tables})[name]


def test_the_closest_metric_and_its_sign():
    text = said("drop", importance=importance(sink=0.2, k_core=-0.73))
    assert "'mean core number' goes most closely" in text
    assert text.endswith("the correlation is -.73, so networks with more of it lose less.")
    assert said("drop", importance=importance(sink=0.2)).endswith("lose more, if only slightly.")
    text = said("importance", importance=importance(sink=0.2, k_core=-0.73))
    assert (
        "'mean core number' (-.73) and 'sink nodes' (.20); 1 of 2 metrics have the same sign"
        in text
    )


def test_accuracies_of_the_ends():
    own = networks(("snip", "er"), ("0.6", "0.98")).assign(accuracy=0.9)
    own.loc[own["sparsity"] == "0.98", "accuracy"] = 0.5
    own.loc[own["algorithm"] == "er", "accuracy"] -= 0.1
    assert section_sentences({"networks": own})["accuracy"] == (
        "The mean accuracy of the sparse networks is 85.0 % at sparsity 0.6 and 45.0 % at sparsity 0.98; there SNIP keeps "
        "the most (50.0 %) and ER the least (40.0 %)."
    )


def test_prediction_by_subset_and_what_is_missing():
    text = said("prediction", prediction=prediction(0.63, [0.4, 0.5, np.nan]))
    assert text == (
        "Of networks that were left out, topology explains .63 (.51 to .72) among all networks, .40 to .50 among networks of one "
        "sparsity (1 of 3 have too few); the size alone .08 among all."
    )
    assert "sparsity" not in said("prediction", prediction=prediction(0.63, [0.4]))  # that is all
    text = said("prediction", prediction=prediction(0.1, []))
    assert "topology explains .10 (-.02 to .19), which may be chance, among all networks;" in text


def test_regression_in_the_papers_way():
    text = said("regression", regression=regression([0.5, 0.6, -7.0, np.nan]))
    assert text == (
        "Averaged over folds and regressors, as in the paper, adjusted R2 is .50 to .60 in 2 of 4 subsets of the networks; "
        "in 1 the metrics are no better than the mean; 1 have too few networks for a score."
    )


def test_checks_by_the_group_that_was_left_out():
    table = pd.concat(
        [
            regression([0.5], regressor="Ridge"),
            regression([-0.3, 0.2], "leave-one-algorithm-out", "Ridge"),
            regression([np.nan], "leave-one-dataset-out", "Ridge"),
        ]
    )
    chance = regression([0.5, 0.1], regressor="Ridge", p_value=[0.01, 0.4])
    assert said("checks", regression=table, regression_uncertainty=chance) == (
        "Tested on a group that the regression never saw, topology does better than the group's mean in 1 of 2 subsets "
        "with an algorithm left out (of data set and architecture there is no score); on shuffled folds it beats "
        "permuted drops (p < .05) in 1 of 2 subsets."
    )


def test_families_alone_and_left_out():
    table = pd.DataFrame(
        [("keep", "local", 0.3, -0.2), ("keep", "global", 0.1, -0.4), ("drop", "local", 0.4, -0.01),
         ("drop", "global", 0.2, -0.25)],
        columns=["use", "family", "adjusted_r2", "difference"],
    ).assign(subset_kind="all", status="ok")  # fmt: skip
    assert said("families", families=table) == (
        "Alone, the family 'local' explains most (adjusted R2 .30); 'global' is missed most when it is left out (-.25)."
    )


def test_rankings_against_chance():
    assert "better than chance (p < .05) on 1 of 1 architectures (agreement .60" in said(
        "ranking", ranking_means=means(0.6, 0.004)
    )
    assert "on 0 of 1 architectures" in said("ranking", ranking_means=means(0.6, 0.2))


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("drop", {"importance": importance(sink=np.nan)}),
        ("importance", {"importance": importance(sink=np.nan)}),
        ("prediction", {"prediction": prediction(np.nan, [np.nan])}),
        ("regression", {"regression": regression([np.nan])}),
        ("ranking", {"ranking_means": means(np.nan, np.nan, FEW)}),
        (
            "checks",
            {
                "regression": regression([np.nan], regressor="Ridge"),
                "regression_uncertainty": regression([np.nan], p_value=np.nan),
            },
        ),
        (
            "families",
            {
                "families": pd.DataFrame(
                    {"use": ["all"], "family": ["all"], "subset_kind": "all", "adjusted_r2": np.nan, "difference": np.nan,
                     "status": FEW}
                )
            },
        ),
    ],
)  # fmt: skip
def test_without_a_number_it_says_why(name, tables):
    text = said(name, **tables)
    assert FEW in text or "constant metric" in text
    assert not any(word in text for word in ("nan", "undefined"))


def test_a_section_without_its_table_has_no_sentence():
    assert set(section_sentences({"networks": networks()})) == {"accuracy"}
