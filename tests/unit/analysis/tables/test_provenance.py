"""What a reader is told of where accuracies and weights come from."""

import pandas as pd

from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.provenance import (
    PUBLISHED_MEAN,
    TRAINED_HERE,
    figure_note,
    label_source,
    source_note,
    uses_published,
    variant_note,
    weighted_metrics,
)
from sparsetopo.analysis.tables.summary import study_facts

METRICS = list(PAPER_METRICS)


def test_three_of_the_sixteen_metrics_read_weights():
    # Cunegatti et al. 2024: strength and the two spectra; all others are counts on the mask.
    assert weighted_metrics(METRICS) == ["strength", "spectral_gap", "spectral_radius"]
    assert weighted_metrics(["sink", "not measured here"]) == []


def test_the_origin_is_told_where_it_is_not_the_usual():
    assert source_note(False, False, METRICS) == ""
    published = source_note(True, True, METRICS)
    assert published.startswith("No network was trained for this study")
    assert (
        "3 of the 16 topometrics depend on the weights (strength, spectral_gap, spectral_radius)"
        in published
    )
    trained = source_note(False, True, ["sink", "strength"])
    assert trained.startswith("1 of the 2 topometrics depend on the weights (strength)")
    assert source_note(False, True, ["sink"]) == ""  # nothing depends on which weights they are


def test_notes_of_figures():
    assert figure_note(False) == ""
    assert figure_note(True) == "accuracies: published means"
    assert figure_note(False, True) == "metrics that read weights: initial weights"
    assert figure_note(True, True) == (
        "accuracies: published means; metrics that read weights: initial weights"
    )


def test_results_carry_the_source_of_their_accuracies(networks):
    result = pd.DataFrame({"rbo": [0.5, 0.6]})
    assert label_source(result, networks).columns.tolist() == ["rbo"]
    for source in (TRAINED_HERE, PUBLISHED_MEAN):
        labelled = label_source(result, networks.assign(accuracy_source=source))
        assert labelled["accuracy_source"].tolist() == [source] * 2
        assert uses_published(networks.assign(accuracy_source=source)) == (source == PUBLISHED_MEAN)
    assert not uses_published(networks)


def test_facts_of_a_trained_and_of_a_published_study(networks):
    assert study_facts(networks.assign(accuracy_source=TRAINED_HERE), METRICS) == []
    diverged = networks.assign(accuracy_drop=networks["accuracy_drop"].where(networks["seed"] == 0))
    diverged.loc[0, "status"] = "diverged"
    facts = study_facts(diverged, METRICS)
    assert facts == [
        "70 networks have no accuracy drop, because their dense baselines diverged.",
        "1 network(s) diverged in training; their accuracy is used as measured.",
    ]
    published = networks.assign(accuracy_source=PUBLISHED_MEAN, status="published")
    (fact,) = study_facts(published, METRICS)
    assert fact.startswith("The seeds of a cell share one published accuracy")


def test_names_that_the_configuration_defines_are_explained():
    text = variant_note(
        {
            "datasets": {"CIFAR-100": {"from": "npz", "file": "slice.npz"}},
            "pruning": {"snip-shuffled": {"from": "snip", "shuffle": "layer"}, "er": {"a": 1}},
        }
    )
    assert "data set CIFAR-100 is as configured from npz (file slice.npz)." in text
    assert "algorithm snip-shuffled is as configured from snip (shuffle layer)." in text
    assert "algorithm er is as configured (a 1)." in text
    assert variant_note({"datasets": {}, "pruning": {}}) == ""
