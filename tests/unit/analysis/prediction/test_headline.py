"""The sentences of a study: what they say of a planted relation, of noise, and of too few networks."""

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.prediction.headline import headline
from sparsetopo.analysis.prediction.scores import prediction_table
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.tables.feature_sets import feature_sets

DENSE = pd.DataFrame({"accuracy": [0.98, 0.96]})


def means(rbo=0.6, p_value=0.004, status="ok"):
    rows = [("mixture", rbo, p_value), ("mixture_other_algorithms", 0.4, 0.3)]
    rows.append(("chance", 0.32 if status == "ok" else np.nan, np.nan))
    table = pd.DataFrame(rows, columns=["strategy", "rbo", "p_value"])
    return table.assign(pool="all", architecture="Resnet-20", status=status)


def said(networks, rankings=None):
    networks = networks.assign(achieved_sparsity=networks["sparsity"].astype(float))
    settings = CrossValidation(subset_kinds=["all"])
    prediction = prediction_table(feature_sets(networks), settings, repeats=2, resamples=100)
    return headline(networks, DENSE, prediction, means() if rankings is None else rankings)


def test_a_planted_relation(networks):
    lines = said(networks.assign(weights="initial"))
    assert len(lines) == 5
    assert lines[0].startswith(
        "140 sparse networks (7 algorithms, 5 sparsities, 2 architectures, 1 data set, 2 seeds). Dense networks reach "
        "an accuracy of 97.0 %; sparse networks lose"
    )
    assert lines[1].startswith("Topology, measured before training, explains 1.00 (")
    assert "may be chance" not in lines[2]
    assert "(disconnected): it explains ." in lines[3]
    assert lines[4] == (
        "Ranking the algorithms on Resnet-20, a mixture of the metrics agrees with the true order by .60 fitted on "
        "these networks (p < .01), .40 fitted on the other algorithms only (no better than chance, p = .30); a random "
        "order by .32."
    )


def test_weights_after_training_have_a_line_of_their_own(networks):
    lines = said(networks.assign(weights="initial", spectral_gap_trained=networks["spectral_gap"]))
    assert lines[3].startswith("Measured on the trained weights it explains 1.00 (")


def test_noise_is_called_so(networks):
    noise = np.random.default_rng(5).permutation(networks["accuracy_drop"])
    lines = said(networks.assign(accuracy_drop=noise))
    assert lines[1].endswith(
        (", which is nothing.", ", but it may be nothing: a few networks decide.")
    )
    assert lines[2].endswith("which may be chance.")


def test_a_score_that_few_networks_decide_is_not_called_certain(networks):
    prediction = pd.DataFrame(
        {
            **{"subset_kind": "all", "kind": ["set", "set", "metric"], "status": "ok"},
            **{"predictor": ["MGE", "size", "sink"], "r2": [0.66, 0.0, 0.6], "low": -0.09},
            **{"high": 0.83, "beyond_size": 0.1, "beyond_low": -0.1, "beyond_high": 0.2},
        }
    )
    lines = headline(networks, DENSE, prediction, means())
    assert "explains .66 (-.09 to .83) of the differences" in lines[1]
    assert lines[1].endswith(", but it may be nothing: a few networks decide.")
    assert lines[2].endswith("adds .10 (-.10 to .20) to it, which may be chance.")


@pytest.mark.parametrize(("least", "reason"), [(20, "20 for 17"), (5, "5 for 17")])
def test_few_networks_give_no_number(networks, least, reason):
    lines = said(networks[:least], means(status="too few algorithms (3)"))
    assert lines[1] == (
        f"Whether topology predicts the loss cannot be said: too few networks ({reason} coefficients)."
    )
    assert lines[2] == "Ranking the algorithms on Resnet-20: too few algorithms (3)."
    assert not any("nan" in line for line in lines)
