"""A whole small study: every output, damaged files, and a kill in the middle."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.workflow.conftest import ROOT, Study, copy_project

from sparsetopo.config import load_configuration
from sparsetopo.config.expected_results import expected_results
from sparsetopo.config.stages import stage_code
from sparsetopo.config.stale import stale_results
from sparsetopo.files import read_metadata

# Snakemake runs jobs for real.
pytestmark = pytest.mark.middle

ANALYSES = (
    *("regression", "regression_uncertainty", "families"),
    *("importance", "ramanujan", "ranking"),
)
TABLES = (
    *("networks", "dense", "layers", "ramanujan_layers"),
    *ANALYSES,
    *("ranking_means", "rankings"),
)


def tables(study: Study) -> dict[str, bytes]:
    return {name: (study.results / f"tables/{name}.csv").read_bytes() for name in TABLES}


def test_every_result_is_there_and_says_what_made_it(finished_study):
    results = finished_study.results
    masks = sorted(results.glob("masks/**/*.safetensors"))
    measured = sorted(results.glob("topometrics/**/*.json"))
    assert len(masks) == len(measured) == 4
    for path in masks:
        record = read_metadata(path)
        assert record["package_version"]
        assert record["specification"]["sparsity"] == path.parent.name
        assert record["specification"]["algorithm"] == path.parent.parent.name
    for path in [
        *measured,
        *results.glob("trained/**/*.json"),
        *results.glob("dense/**/*.json"),
        *results.glob("plans/**/*.json"),
    ]:
        record = json.loads(path.read_text())
        assert record["specification"]
        assert record["package_version"]
    for path in [*results.glob("trained/**/*.safetensors"), *results.glob("mges/**/*.safetensors")]:
        assert read_metadata(path)["specification"]["stage"] in ("train", "encode")
    for path in [*results.glob("data/*"), *results.glob("mges/**/*.safetensors")]:
        assert read_metadata(path)["package_version"]
    assert not list(results.rglob("*.tmp*")), "temporary files were left behind"
    assert not list(results.rglob(".*checkpoint*")), "checkpoints were left behind"


def test_tables_have_no_nan(finished_study):
    for name, content in tables(finished_study).items():
        rows = content.decode().splitlines()
        assert len(rows) > 1, name
        for row in rows:
            assert "nan" not in row.lower().split(","), (name, row)
            assert ",," not in row, (name, row)


def test_figures_and_index_are_there(finished_study):
    for name in (
        *("accuracy", "regression", "checks", "families", "importance"),
        *("ramanujan", "ranking", "ranking_checks", "mge"),
    ):
        assert (finished_study.results / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in (finished_study.results / f"figures/{name}.svg").read_bytes()
    index = (finished_study.results / "index.html").read_text()
    assert "figures/accuracy.svg" in index
    assert "tables/networks.csv" in index


def test_every_record_is_compared_with_the_configuration_when_tables_are_made(finished_study):
    configuration = load_configuration(finished_study.values)
    expected = list(expected_results(configuration, stage_code(ROOT / "workflow/scripts")))
    results = finished_study.results
    files = [*results.rglob("*.safetensors"), *results.rglob("*.json")]
    weights = [
        path
        for folder in ("trained", "dense")
        for path in results.glob(f"{folder}/**/*.safetensors")
    ]
    # The record of trained weights is that of the result beside them; tables are made anew when in doubt.
    compared = {
        path.relative_to(results).as_posix()
        for path in {*files} - {*weights}
        if path.parent.name != "tables"
    }
    assert {result.path for result in expected} == compared
    assert list(stale_results(results, expected)) == []


def test_a_moved_clone_runs_nothing_again(finished_study, tmp_path):
    """Neither the folder of the results nor that of the workflow is part of what a result depends on."""
    project = tmp_path / "project"
    project.mkdir()
    copy_project(project)
    moved = Study(shutil.copytree(finished_study.folder, tmp_path / "results elsewhere"), project)
    moved.values = finished_study.values
    assert moved.jobs() == {}
    caption = project / "workflow/report/importance.rst"
    os.utime(caption)
    assert moved.jobs() == {}
    caption.write_text(caption.read_text() + "One more sentence.\n")
    assert moved.jobs() == {"report": 1}


def test_a_truncated_mask_is_named_and_nothing_is_written_from_it(finished_study):
    mask = next(finished_study.results.glob("masks/**/*.safetensors"))
    whole, stamp = mask.read_bytes(), mask.stat()
    weights = Path(str(mask).replace("/masks/", "/trained/"))
    trained = weights.read_bytes()
    try:
        mask.write_bytes(whole[:-100])
        done = finished_study.run(os.path.relpath(weights, finished_study.folder), "--force")
        text = done.stdout + done.stderr
        assert done.returncode != 0
        assert "truncated or foreign" in text
        assert mask.name in text
        assert not weights.exists() or weights.read_bytes() == trained
    finally:
        mask.write_bytes(whole)
        os.utime(mask, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert finished_study.run("--quiet", "all").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "whole_group", [True, False], ids=["everything killed", "only the parent killed"]
)
def test_after_a_kill_the_same_command_is_enough(finished_study, tmp_path, whole_group):
    """`make run`, kill -9, `make run`: the tables are those of an undisturbed run."""
    copy_project(tmp_path)
    (tmp_path / "config").mkdir()
    shutil.copy(ROOT / "config/tiny.yaml", tmp_path / "config/config.yaml")
    study = Study(tmp_path)
    command = [sys.executable, str(tmp_path / "workflow/run.py")]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 300
    while not list(study.results.glob("trained/**/*.json")) and time.monotonic() < deadline:
        time.sleep(0.2)
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    assert not (study.results / "report.html").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tables(study) == tables(finished_study)
    assert (study.results / "report.html").stat().st_size > 100_000
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Nothing to do" in again.stdout


def test_a_diverged_training_is_a_result_not_a_failure(study):
    study.values["grid"] |= {"algorithms": ["uniform"], "sparsities": ["0.9"]}
    study.values["training"]["digits"]["learning_rate"] = 1e30
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    (result,) = study.results.glob("trained/**/*.json")
    assert json.loads(result.read_text())["status"] == "diverged"
    (measured,) = study.results.glob("topometrics/**/*.json")
    values = json.loads(measured.read_text())["topometrics"]
    assert len(values) == 17
    assert values["motif4"] > 0
    weights_at_fault = {name for name, value in values.items() if value is None}
    of_weights = {"strength", "spectral_gap", "spectral_gap_signed", "spectral_radius"}
    assert weights_at_fault in (set(), of_weights)
    assert b",diverged," in tables(study)["networks"]
    assert "dense baselines diverged" in (study.results / "index.html").read_text()


def test_a_mask_of_another_cell_is_refused(finished_study):
    masks = finished_study.results / "masks/digits/Resnet-20/uniform"
    mask = masks / "0.9/seed-0.safetensors"
    whole, stamp = mask.read_bytes(), mask.stat()
    try:
        mask.write_bytes((masks / "0.98/seed-0.safetensors").read_bytes())
        done = finished_study.run("all_train")
        assert done.returncode != 0
        assert (
            "belongs to sparsity '0.98', but lies where the file of '0.9'"
            in done.stdout + done.stderr
        )
    finally:
        mask.write_bytes(whole)
        os.utime(mask, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert finished_study.run("--quiet", "all").returncode == 0


def test_the_seed_and_threads_fix_masks_and_weights_bit_for_bit(study, finished_study):
    study.values["grid"] |= {"algorithms": ["snip"], "sparsities": ["0.98"]}
    assert study.run("all_train").returncode == 0
    for kind in ("masks", "trained"):
        (path,) = study.results.glob(f"{kind}/**/*.safetensors")
        assert (
            path.read_bytes()
            == (finished_study.results / path.relative_to(study.results)).read_bytes()
        )
