"""Trained weights that are not kept: deleted once the graphs are made, and what runs again without them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.workflow.conftest import Study

# Snakemake runs jobs for real.
pytestmark = pytest.mark.middle

NETWORKS = ("dense", "train", "encode", "topometrics")
KEPT = {"keep": {"trained_weights": True, "dense_weights": True}}
INITIAL = {"topometrics": {"weights": "initial"}}
MEASURED_ANEW = {"encode": 2, "topometrics": 2}


def weights(study: Study) -> dict[str, int]:
    """Number of weights files by folder."""
    return {
        folder: len(list((study.results / folder).rglob("*.safetensors")))
        for folder in ("dense", "trained")
    }


def files(study: Study, folder: str) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in sorted((study.results / folder).rglob("*.*"))
        if path.is_file()
    }


def jobs(study: Study, *arguments: str, **changes: object) -> dict[str, int]:
    """Jobs of single networks that a run would execute now, with a changed configuration."""
    with changed(study, **changes):
        found = study.jobs(*arguments)
    return {rule: count for rule, count in found.items() if rule in NETWORKS}


def run(study: Study, *arguments: str, **changes: object) -> None:
    with changed(study, **changes):
        done = study.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def changed(study: Study, **changes: object) -> Iterator[None]:
    before = study.values
    study.values = before | changes
    try:
        yield
    finally:
        study.values = before


def longer(study: Study) -> dict[str, object]:
    recipe = study.values["training"]["digits"]
    return {"training": {"digits": {**recipe, "epochs": recipe["epochs"] + 1}}}


def new_study(folder: Path) -> Study:
    study = Study(folder)
    study.values["grid"] |= {"sparsities": ["0.9"]}
    study.values["analysis"] |= {"checks": False}
    study.values["keep"] = {"trained_weights": False, "dense_weights": False}
    return study


@pytest.fixture(scope="module")
def lean_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two networks, trained first and then the rest, without keeping weights."""
    study = new_study(tmp_path_factory.mktemp("lean"))
    run(study, "all_train")
    # Had the graphs not been made before the weights were deleted, all would be trained a second time.
    assert weights(study) == {"dense": 0, "trained": 0}
    assert len(files(study, "trained")) == len(files(study, "mges")) == 2
    assert jobs(study) == {"dense": 1, "topometrics": 2}
    run(study)
    return study


def test_no_weights_are_left_and_nothing_runs_again(lean_study):
    assert weights(lean_study) == {"dense": 0, "trained": 0}
    assert len(files(lean_study, "trained")) == len(files(lean_study, "mges")) == 2
    assert len(files(lean_study, "dense")) == 1
    assert lean_study.jobs() == {}
    for target in ("all_train", "all_dense"):
        done = lean_study.run(target, "-n")
        assert "Nothing to be done" in done.stdout + done.stderr


def test_what_a_change_runs_again(lean_study):
    all_of_them = {"dense": 1, "train": 2, **MEASURED_ANEW}
    assert jobs(lean_study, **longer(lean_study)) == all_of_them
    # The results of training still stand: only the graphs are others.
    assert jobs(lean_study, **INITIAL) == MEASURED_ANEW
    assert jobs(lean_study, topometrics={"metrics": ["n1"]}) == {"topometrics": 2}
    # Files that are asked for and were deleted.
    assert jobs(lean_study, **KEPT) == all_of_them
    assert jobs(lean_study, keep={"trained_weights": False}) == {"dense": 1}
    # As an edit of the stage that makes the graphs would.
    assert jobs(lean_study, "--forcerun", "encode") == {"train": 2, **MEASURED_ANEW}


def test_a_changed_mask_is_noticed_though_the_weights_are_gone(lean_study):
    mask, other = sorted((lean_study.results / "masks").rglob("*.safetensors"))
    whole, stamp = mask.read_bytes(), mask.stat()
    try:
        mask.write_bytes(other.read_bytes())
        assert jobs(lean_study) == {"train": 1, "encode": 1, "topometrics": 1}
    finally:
        mask.write_bytes(whole)
        os.utime(mask, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert jobs(lean_study) == {}


def test_a_deleted_graph_comes_back_by_training_again(lean_study):
    graphs = files(lean_study, "mges")
    next(iter(graphs)).unlink()
    assert jobs(lean_study) == {"train": 1, "encode": 1, "topometrics": 1}
    run(lean_study, "all_train", "all_topometrics")
    assert files(lean_study, "mges") == graphs
    assert weights(lean_study) == {"dense": 0, "trained": 0}
    assert jobs(lean_study) == {}


@pytest.mark.slow
def test_longer_training_then_initial_weights_then_trained_ones(lean_study):
    study = lean_study
    results = files(study, "trained")
    graphs = files(study, "mges")
    with changed(study, **longer(study)):
        run(study)
        assert study.jobs() == {}
        longer_results, longer_graphs = files(study, "trained"), files(study, "mges")
        assert longer_results.keys() == results.keys()
        assert all(longer_results[path] != results[path] for path in results)
        assert all(longer_graphs[path] != graphs[path] for path in graphs)
        with changed(study, **INITIAL):
            run(study, "all_topometrics", "all_train")
            assert jobs(study) == {}
            assert files(study, "trained") == longer_results, "it was trained again, in vain"
        assert jobs(study) == {"train": 2, **MEASURED_ANEW}
    run(study)
    assert files(study, "trained") == results
    assert files(study, "mges") == graphs
    assert weights(study) == {"dense": 0, "trained": 0}


def test_weights_that_nothing_reads_are_deleted_at_once(tmp_path):
    """Graphs of the initial weights, in a study that trains for the accuracies only."""
    study = new_study(tmp_path)
    study.values |= INITIAL
    run(study, "all_train", "all_dense")
    assert len(files(study, "trained")) == 2
    assert weights(study) == {"dense": 0, "trained": 0}
    assert not (study.results / "mges").exists()
    assert jobs(study) == MEASURED_ANEW


def test_a_finished_study_may_stop_keeping_its_weights(tmp_path):
    study = new_study(tmp_path)
    run(study, "all_topometrics", "all_train", "all_dense", **KEPT)
    assert weights(study) == {"dense": 1, "trained": 2}
    graphs = files(study, "mges")
    assert jobs(study) == {}
    assert weights(study) == {"dense": 1, "trained": 2}
    run(study, "--delete-temp-output")
    assert weights(study) == {"dense": 0, "trained": 0}
    assert files(study, "mges") == graphs
    assert jobs(study) == {}


def test_the_report_does_not_miss_them(lean_study):
    report = lean_study.folder / "report.html"
    run(lean_study, "--report", str(report))
    assert report.stat().st_size > 100_000
