"""The environment files for ``--sdm conda``: their pins, whose jobs use which, and what an edit of one re-runs.

Conda is a stand-in (`stand_in_conda`): what is judged is how Snakemake hashes and compares the files, and whether jobs
find in them what they import.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name
from tests.workflow import stand_in_conda
from tests.workflow.conftest import ROOT, copy_project, job_counts

LAYERS = {
    "torch": ("data.smk", "prune.smk", "train.smk"),
    "graphs": ("graphs.smk",),
    "analysis": ("collect.smk", "analysis.smk", "published.smk", "report.smk"),
}
ANALYSIS_JOBS = dict.fromkeys(
    (
        *(
            "collect",
            "collect_layers",
            "prediction",
            "regression",
            "regression_uncertainty",
            "families",
        ),
        *("importance", "ramanujan", "ranking", "report"),
    ),
    1,
)
GRAPH_JOBS = {"encode": 2, "topometrics": 2}
TORCH_JOBS = {"data": 1, "plan": 1, "dense": 1, "score": 1, "prune": 2, "train": 2}
# What the study does not import: what reads official data sets and a user's own images, and what checks options.
NOT_HERE = {"torchvision", "pillow", "jsonschema"}
# What Snakemake's own environment needs, as docs/cluster.md says.
(OF_SNAKEMAKE,) = re.findall(
    r"Snakemake's own environment needs `([^`]+)`",
    " ".join((ROOT / "docs/cluster.md").read_text().split()),
)


def pins(name: str) -> dict[str, str]:
    """Pins of a pip file under envs/: {canonical name: version}."""
    lines = (ROOT / "envs" / name).read_text().splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {canonicalize_name(package): version for package, version in pairs}


@pytest.mark.parametrize("layer", LAYERS)
def test_pins_are_those_of_the_pip_files(layer):
    required, constrained = pins("requirements.txt"), pins("constraints.txt")
    packages = stand_in_conda.pins_of(ROOT / f"envs/{layer}.yaml")
    assert packages
    for package in packages:
        name, version = package.split("==")
        assert required[canonicalize_name(name)] == version, f"{layer}.yaml pins {package}"
        assert constrained.get(canonicalize_name(name), version) == version, package
    for name in required.keys() & constrained.keys():
        assert required[name] == constrained[name], name


def test_every_rule_uses_the_environment_of_its_layer():
    files = {path.name for path in (ROOT / "workflow/rules").glob("*.smk")}
    assert files - {"common.smk", "run.smk", "source.smk", "study.smk", "targets.smk"} == {
        name for names in LAYERS.values() for name in names
    }
    for layer, names in LAYERS.items():
        for name in names:
            text = (ROOT / "workflow/rules" / name).read_text()
            used = re.findall(r'conda:\s+"([^"]+)"', text)
            assert used == [f"../../envs/{layer}.yaml"] * text.count("script:"), name


class CondaStudy:
    """A small study in a copy of the project, with the stand-in as conda."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        copy_project(self.folder)
        values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
        values["grid"]["sparsities"] = ["0.9"]
        (self.folder / "config").mkdir()
        (self.folder / "config/config.yaml").write_text(yaml.safe_dump(values))
        programs = stand_in_conda.install(folder / "conda")
        self.environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}

    def run(
        self, *arguments: str, python: tuple[str, ...] = (sys.executable,)
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*python, "-m", "snakemake", "--cores", "2", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.environment,
        )

    def jobs(self, *arguments: str) -> dict[str, int]:
        return job_counts(self.run("-n", *arguments))


@pytest.fixture
def conda_study(tmp_path: Path) -> CondaStudy:
    return CondaStudy(tmp_path)


@pytest.mark.middle
def test_an_edited_environment_re_runs_its_layer_and_what_follows(conda_study):
    planned = conda_study.run("-n", "--quiet", "host")
    for line in re.findall(r"^    output: (.*)$", planned.stdout + planned.stderr, re.MULTILINE):
        for path in line.split(", "):
            (conda_study.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (conda_study.folder / path).touch()
    # Records for every result what it would be made with.
    done = conda_study.run("--touch", "--forceall", "--sdm", "conda")
    assert done.returncode == 0, done.stdout + done.stderr
    assert conda_study.jobs("--sdm", "conda") == {}
    # The environments of a frozen copy are the same ones.
    copy = shutil.copytree(conda_study.folder, conda_study.folder.parent / "copy")
    assert conda_study.jobs("--sdm", "conda", "--snakefile", str(copy / "Snakefile")) == {}
    expected = {
        "analysis": ("matplotlib", ANALYSIS_JOBS),
        "graphs": ("numba", GRAPH_JOBS | ANALYSIS_JOBS),
        "torch": ("torch", TORCH_JOBS | GRAPH_JOBS | ANALYSIS_JOBS),
    }
    for layer, (package, jobs) in expected.items():
        file = conda_study.folder / f"envs/{layer}.yaml"
        text = file.read_text()
        file.write_text(re.sub(rf"- {package}==.*", f"- {package}==0.0.1", text))
        assert conda_study.jobs("--sdm", "conda") == jobs, layer
        file.write_text(text)
    assert conda_study.jobs("--sdm", "conda") == {}


@pytest.mark.slow
def test_every_job_runs_with_what_its_environment_lists_and_nothing_is_listed_in_vain(
    conda_study, tmp_path
):
    own = tmp_path / "own"
    stand_in_conda.lay_environment(own, OF_SNAKEMAKE.split())
    conda_study.environment["PYTHONPATH"] = str(own / "lib")
    done = conda_study.run("--sdm", "conda", python=(sys.executable, "-S"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (conda_study.folder / "results/tiny/index.html").is_file()
    packages = packages_distributions()
    for file in (conda_study.folder / ".snakemake/conda").glob("*.yaml"):
        names = stand_in_conda.imported_by(file.with_suffix(""))
        imported = {
            canonicalize_name(package) for name in names for package in packages.get(name, [])
        }
        listed = {canonicalize_name(pin.split("==")[0]) for pin in stand_in_conda.pins_of(file)}
        assert "numpy" in imported
        assert listed - imported - NOT_HERE == set(), file.read_text()
        assert ("torch" in imported) == ("torch" in listed)
