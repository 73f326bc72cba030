"""Runs that fail, results that were deleted, results that Snakemake has no notes on: jobs that really run.

In the end the tables are those of an undisturbed run of the same configuration, bit for bit.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from tests.workflow.conftest import Study
from tests.workflow.faults import fault

# Snakemake runs jobs for real.
pytestmark = pytest.mark.middle

ANALYSES = ("prediction", "regression", "importance", "ranking")
AGGREGATES = {rule: {""} for rule in ("collect", *ANALYSES, "report")}
SNIP, UNIFORM = "digits/Resnet-20/snip/0.9/0", "digits/Resnet-20/uniform/0.9/0"
TRAINED = ("train", "encode", "topometrics")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two networks from data to report; what is not about running again is left out."""
    study = Study(tmp_path_factory.mktemp("undisturbed"))
    study.values["grid"]["sparsities"] = ["0.9"]
    study.values["training"]["digits"]["batch_size"] = 512
    study.values["topometrics"] = {"metrics": ["n1", "components", "strength"]}
    study.values["layers"] = {"measure": False}
    study.values["analysis"] = {"repeats": 1, "checks": False}
    completed(study)
    return study


@pytest.fixture
def study(undisturbed: Study, tmp_path: Path) -> Study:
    """A copy of the finished study, with Snakemake's notes on it."""
    return copied(undisturbed, tmp_path / "study")


def copied(study: Study, folder: Path, ignore: str = "nothing") -> Study:
    shutil.copytree(study.folder, folder, ignore=shutil.ignore_patterns(ignore))
    copy = Study(folder)
    copy.values = {**study.values, "training": {"digits": {**study.values["training"]["digits"]}}}
    return copy


def completed(study: Study, *arguments: str) -> None:
    done = study.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert study.planned() == {}


def fails_at(study: Study, path: str, tmp_path: Path) -> None:
    """Run the study while the disk is full for one of its files."""
    done = study.run(**fault(tmp_path, path, kind="full"))
    assert done.returncode != 0
    assert "No space left on device" in done.stdout + done.stderr


def tables(study: Study) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in study.results.glob("tables/*.csv")}
    assert {"networks.csv", "dense.csv", "regression.csv", "ranking.csv"} <= set(found)
    return found


def test_a_plain_run_after_a_failed_one_makes_what_failed(study, undisturbed, tmp_path):
    study.values["training"]["digits"]["momentum"] = 0.8
    fails_at(study, "/trained/digits/Resnet-20/snip/0.9/seed-0.", tmp_path)
    assert study.planned() == {rule: {SNIP} for rule in TRAINED} | AGGREGATES
    completed(study)
    assert tables(study)["networks.csv"] != tables(undisturbed)["networks.csv"]
    # And back, with another stage failing on the way.
    study.values = undisturbed.values
    fails_at(study, "/mges/digits/Resnet-20/uniform/0.9/seed-0.", tmp_path)
    assert study.planned() == {rule: {UNIFORM} for rule in ("encode", "topometrics")} | AGGREGATES
    completed(study)
    assert tables(study) == tables(undisturbed)


@pytest.mark.slow
def test_after_a_failed_change_the_old_configuration_or_the_new_one(study, undisturbed, tmp_path):
    study.values["training"]["digits"]["momentum"] = 0.8
    study.values["pruning"] = {"snip": {"batch_size": 64}}
    fails_at(study, "/masks/digits/Resnet-20/snip/0.9/seed-0.", tmp_path)
    new = copied(study, tmp_path / "new")
    assert new.planned() == {rule: {SNIP} for rule in ("prune", *TRAINED)} | AGGREGATES
    completed(new)
    fresh = Study(tmp_path / "fresh")
    fresh.folder.mkdir()
    fresh.values = study.values
    completed(fresh)
    assert tables(new) == tables(fresh)
    # What the change did make is not of the old configuration: its scores, the training of the other network.
    study.values = undisturbed.values
    everything = {rule: {SNIP, UNIFORM} for rule in TRAINED} | AGGREGATES
    assert study.planned() == everything | {
        "score": {"digits/Resnet-20/snip/0"},
        "prune": {SNIP},
        "dense": {"digits/Resnet-20/0"},
    }
    completed(study)
    assert tables(study) == tables(undisturbed)
    assert tables(study)["networks.csv"] != tables(fresh)["networks.csv"]


@pytest.mark.slow
def test_a_deleted_mask_comes_back_and_its_network_is_trained_again(study, undisturbed):
    mask = study.results / "masks/digits/Resnet-20/snip/0.9/seed-0.safetensors"
    weights = study.results / "trained/digits/Resnet-20/snip/0.9/seed-0.safetensors"
    before = mask.read_bytes(), weights.read_bytes()
    trained_at = weights.stat().st_mtime_ns
    mask.unlink()
    completed(study)
    assert (mask.read_bytes(), weights.read_bytes()) == before
    assert weights.stat().st_mtime_ns > trained_at
    assert tables(study) == tables(undisturbed)


def test_results_without_notes_are_checked_before_they_are_used(undisturbed, tmp_path):
    study = copied(undisturbed, tmp_path / "elsewhere", ignore=".snakemake")
    assert study.planned() == AGGREGATES
    study.values["training"]["digits"]["momentum"] = 0.8
    # Snakemake sees no change; the job that collects does.
    assert study.planned() == AGGREGATES
    done = study.run()
    assert done.returncode != 0
    assert (
        "results/tiny/dense/digits/Resnet-20/seed-0.json: was made with recipe.momentum 0.9, but now it would be made "
        "with recipe.momentum 0.8, and 2 other files differ too; delete what results/tiny/logs/stale.txt lists"
    ) in done.stdout + done.stderr
    assert "or run once with --forcerun dense train." in done.stdout + done.stderr
    listed = (study.results / "logs/stale.txt").read_text().splitlines()
    assert listed == [
        "results/tiny/dense/digits/Resnet-20/seed-0.json",
        *(
            f"results/tiny/trained/digits/Resnet-20/{name}/0.9/seed-0.json"
            for name in ("snip", "uniform")
        ),
    ]
    assert not (study.results / "tables/networks.csv").exists()


def test_results_that_came_after_the_notes_began(undisturbed, tmp_path):
    """A dry run here, then results from another machine: newer than the notes, which do not know them."""
    study = copied(undisturbed, tmp_path / "elsewhere", ignore=".snakemake")
    arrived = tmp_path / "arrived"
    study.results.rename(arrived)
    assert study.planned().keys() > AGGREGATES.keys()
    later = time.time()
    for path in sorted(arrived.rglob("*"), key=lambda path: path.stat().st_mtime_ns):
        os.utime(path, (later, later))
    arrived.rename(study.results)
    assert study.planned() == AGGREGATES


@pytest.mark.slow
def test_good_results_without_notes_are_taken_but_for_the_tables(undisturbed, tmp_path):
    study = copied(undisturbed, tmp_path / "elsewhere", ignore=".snakemake")
    assert study.planned() == AGGREGATES
    completed(study)
    assert tables(study) == tables(undisturbed)
    assert not (study.results / "logs/stale.txt").exists()


@pytest.mark.slow
@pytest.mark.parametrize("advice", ["delete", "force"])
def test_the_advice_on_stale_results_mends_them(undisturbed, tmp_path, advice):
    study = copied(undisturbed, tmp_path / "elsewhere", ignore=".snakemake")
    study.values["training"]["digits"]["momentum"] = 0.8
    assert study.run().returncode != 0
    if advice == "delete":
        command = "xargs rm < results/tiny/logs/stale.txt"
        subprocess.run(command, shell=True, check=True, cwd=study.folder)
        completed(study)
    else:
        completed(study, "--forcerun", "dense", "train")
    fresh = Study(tmp_path / "fresh")
    fresh.folder.mkdir()
    fresh.values = study.values
    completed(fresh)
    assert tables(study) == tables(fresh)
