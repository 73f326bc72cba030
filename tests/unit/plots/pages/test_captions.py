"""The captions: what they say for each kind of study, and that Snakemake's report can render them too."""

import itertools
from pathlib import Path

import pytest
from docutils.core import publish_string
from jinja2 import Environment

from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.provenance import weighted_metrics
from sparsetopo.errors import FileFormatError
from sparsetopo.plots.pages.captions import read_captions

FOLDER = Path(__file__).parents[4] / "workflow" / "report"
FILES = sorted(FOLDER.glob("*.rst"))
# Where numbers come from is said once, on the report's first page, and where a caption says what an accuracy is.
ABOUT_ACCURACY = ("workflow", "accuracy_figure", "dense", "networks")


def captions(accuracies="trained", weights="trained", **further):
    configuration = {
        "study": "mine",
        "accuracies": accuracies,
        "topometrics": {"weights": weights},
        **further,
    }
    return read_captions(FILES, configuration)


@pytest.mark.parametrize("name", ABOUT_ACCURACY)
def test_a_study_with_published_accuracies_says_so_everywhere(name):
    assert "publish" in captions("published", "initial")[name]
    assert "publish" not in captions()[name]


@pytest.mark.parametrize("name", ABOUT_ACCURACY)
def test_a_study_of_the_released_results_says_so_everywhere(name):
    for accuracies, weights in itertools.product(("trained", "published"), ("trained", "initial")):
        text = captions(accuracies, weights, published="mge-snn")[name]
        assert "authors" in text
        assert "released" in text
        assert "initial" not in text.replace("initialisation", "")
        assert "means" not in text.replace("mean over", "")
    assert "released" not in captions()[name]
    assert "released" not in captions("published")[name]


def test_the_first_page_names_the_metrics_of_initial_weights():
    weighted = ", ".join(weighted_metrics(list(PAPER_METRICS)))
    for accuracies in ("trained", "published"):
        text = captions(accuracies, "initial")["workflow"]
        assert (
            f"({weighted}; of those of layers lambda_imsg) are those of the initial weights" in text
        )
    assert not any("initial " in text for text in captions().values())


def test_a_ranking_says_where_its_truth_comes_from():
    assert "the paper's published means" in captions("published")["ranking"]
    assert "publish" not in captions()["ranking"]


def test_captions_are_single_lines_of_whole_sentences():
    for accuracies, weights in itertools.product(("trained", "published"), ("trained", "initial")):
        for text in captions(accuracies, weights).values():
            assert "\n" not in text
            assert "{" not in text
            assert "``" not in text
            assert text.endswith((".", "**.", "**"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "config",
    [
        {"study": "mine"},  # as a configuration that leaves the defaults out
        {"study": "mine", "accuracies": "published", "topometrics": {"weights": "initial"}},
        {"study": "mine", "published": "mge-snn"},
    ],
    ids=["defaults", "published", "released"],
)
def test_snakemake_renders_them_without_a_complaint(path, config):
    text = Environment().from_string(path.read_text()).render(snakemake={"config": config})
    # Level 2: any warning of the reStructuredText parser is an error.
    publish_string(text, writer="html", settings_overrides={"halt_level": 2})


def test_faulty_captions_are_named(tmp_path):
    broken = tmp_path / "broken.rst"
    broken.write_text("{% if %}")
    for path in (broken, tmp_path / "none.rst"):
        with pytest.raises(FileFormatError, match=rf"{path.stem}\.rst: not a readable caption"):
            read_captions([path], {})
    broken.write_text("{{ snakemake.config['study'] }}")
    with pytest.raises(FileFormatError, match="'study'"):
        read_captions([broken], {})
