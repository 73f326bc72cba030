"""Commands that run no job: without a number of cores, and refused where no job could run."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.workflow.conftest import ROOT, copy_project
from tests.workflow.dry_run import snakemake

DUPLICATES = """
study: small
grid: {algorithms: [uniform], datasets: [digits], architectures: [Resnet-20], sparsities: ["0.9"], seeds: [0]}
training:
  digits: {epochs: 1, batch_size: 128, learning_rate: 0.1}
  digits: {epochs: 30, batch_size: 128, learning_rate: 0.1}
"""


@pytest.mark.parametrize(
    "command",
    [
        ["--unlock"],
        ["--delete-temp-output"],
        ["--delete-all-output", "--dry-run"],
        ["--summary"],
        ["--dag"],
        ["--rulegraph"],
        ["--list-changes", "params"],
        ["--lint"],
        ["-n"],
    ],
    ids=" ".join,
)
def test_commands_that_run_no_job_need_no_number_of_cores(tmp_path, command):
    configuration = ROOT / "config" / "tiny.yaml"
    status, text = snakemake(
        [*command, "--snakefile", str(ROOT / "Snakefile"), "--configfile", str(configuration)],
        tmp_path,
    )
    assert status == 0, text
    if command[0] in ("--dag", "--rulegraph"):
        assert "digraph snakemake_dag" in text
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("name", ["two.yaml", "two.json"])
def test_a_key_given_twice_is_refused_with_its_lines(tmp_path, name):
    text = DUPLICATES if name == "two.yaml" else '{\n\t"study": "a",\n\t"study": "b"\n}\n'
    (tmp_path / name).write_text(text)
    status, text = snakemake(
        ["-n", "--snakefile", str(ROOT / "Snakefile"), "--configfile", name], tmp_path
    )
    assert status == 1
    key, lines = ("training.digits", "5 and 6") if name == "two.yaml" else ("study", "2 and 3")
    assert f"{name}: {key}: is given twice, in lines {lines}; keep one" in text
    assert "Traceback" not in text


@pytest.fixture
def drive(tmp_path) -> Path:
    """A copy of the project in a folder with a space in its name."""
    folder = tmp_path / "My Drive" / "sparsetopo"
    folder.mkdir(parents=True)
    copy_project(folder, "config")
    return folder


def test_a_python_below_a_folder_with_a_space_is_refused_before_anything_runs(drive):
    (drive / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    done = subprocess.run(
        [str(drive / ".venv/bin/python"), "-m", "snakemake", "all_data", "--cores", "1"],
        capture_output=True,
        text=True,
        check=False,
        cwd=drive,
    )
    assert done.returncode == 1
    assert "My Drive/sparsetopo/.venv/bin/python' has ' ' in it, so every job would" in done.stderr
    assert "Building DAG" not in done.stderr
    assert not (drive / "results").exists()


@pytest.mark.middle
def test_a_clone_below_a_folder_with_a_space_runs_by_a_python_elsewhere(drive):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "all_data", "all_plan", "--cores", "1"),
            *("--configfile", "config/tiny.yaml"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=drive,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (drive / "results/tiny/data/digits.safetensors").exists()


def test_make_says_so_before_it_installs_anything(drive):
    copy = drive / "Makefile"
    copy.write_text((ROOT / "Makefile").read_text())
    (drive / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    done = subprocess.run(
        ["make", "setup", f"PYTHON={sys.executable}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=drive,
    )
    assert done.returncode != 0
    assert "cannot start jobs by a path with a space in it" in done.stdout
    assert not (drive / ".venv").exists()
