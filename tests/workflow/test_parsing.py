"""What happens before the first job: light imports, one configuration at a time, clear refusals."""

import os
import re
import subprocess
import sys

import pytest
import yaml
from snakemake.settings.types import MaxJobsPerTimespan
from tests.workflow.conftest import ROOT

HEAVY = ("torch", "pandas", "numba", "sklearn", "matplotlib", "igraph", "torchvision")


# Runs Snakemake and prints what it imported. Snakemake imports every executor plugin that is installed, and SLURM's
# imports pandas and matplotlib: that is not what the workflow does, so the plugin is hidden.
TRACED = """
import pkgutil, runpy, sys
found = pkgutil.iter_modules
pkgutil.iter_modules = lambda *a: (m for m in found(*a) if m.name != "snakemake_executor_plugin_slurm")
sys.argv = ["snakemake", *sys.argv[1:]]
try:
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
finally:
    print("IMPORTED", *sys.modules, file=sys.stderr)
"""


def test_parsing_imports_nothing_heavy(study):
    arguments = study.command("-n")[3:]
    done = subprocess.run(
        [sys.executable, "-c", TRACED, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("IMPORTED "))
    imported = set(line.split())
    assert "sparsetopo.config.schema" in imported
    assert not imported & set(HEAVY)


def test_the_whole_small_grid_is_planned(study):
    assert study.jobs() == {
        "data": 1,
        "plan": 1,
        "dense": 1,
        "score": 1,
        "prune": 4,
        "train": 4,
        "encode": 4,
        "topometrics": 4,
        "collect": 1,
        "collect_layers": 1,
        "prediction": 1,
        "regression": 1,
        "regression_uncertainty": 1,
        "families": 1,
        "importance": 1,
        "ramanujan": 1,
        "ranking": 1,
        "report": 1,
    }


def test_initial_weights_need_no_training_for_the_graphs(study):
    study.values["topometrics"] = {"weights": "initial"}
    done = study.run("all_topometrics", "-n")
    assert done.returncode == 0
    assert "encode " in done.stdout + done.stderr
    assert "train " not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "target",
    [
        *("all_data", "all_plan", "all_dense", "all_score", "all_prune"),
        *("all_train", "all_encode", "all_topometrics", "all_tables"),
    ],
)
def test_named_targets(study, target):
    done = study.run(target, "-n")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_given_configuration_replaces_the_default_one(study):
    # Merged over the default file, this would still find a recipe for the data set.
    del study.values["training"]
    done = study.run("-n")
    assert done.returncode != 0
    assert "training.digits: is missing" in done.stdout + done.stderr


def test_a_value_on_the_command_line_goes_over_the_file(study):
    done = study.run("-n", "--config", 'grid={"seeds": [0, 1, 2]}')
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    assert any(line.split() == ["prune", "12"] for line in text.splitlines())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"grid": {"algorithms": ["magic"]}},
            "grid.algorithms.0: unknown algorithm 'magic'; known: er, erk, grasp",
        ),
        ({"grid": {"datasets": ["mnist"]}}, "grid.datasets.0: unknown data set 'mnist'"),
        ({"grid": {"architectures": ["VGG"]}}, "grid.architectures.0: unknown architecture 'VGG'"),
        ({"grid": {"sparsities": [1.5]}}, "grid.sparsities.0: must be between 0 and 1"),
        ({"grid": {"sparsities": ["much"]}}, "grid.sparsities.0: must be a number between 0 and 1"),
        ({"grid": {"seeds": []}}, "grid.seeds: is empty"),
        ({"extra": 1}, "extra: unknown key"),
    ],
)
def test_a_bad_configuration_is_refused_in_a_sentence_and_nothing_is_written(
    study, change, sentence
):
    for key, value in change.items():
        study.values[key] = {**study.values[key], **value} if isinstance(value, dict) else value
    done = study.run()
    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr
    assert not (study.folder / "results").exists()


@pytest.mark.parametrize("name", ["tiny", "paper-accuracies", "published"])
def test_no_job_depends_on_where_the_folders_are(study, name):
    """A file read by its absolute path would run again what depends on it, wherever a clone is moved or copied to."""
    study.values = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    if name == "paper-accuracies":
        study.values["grid"] |= {"seeds": [0], "sparsities": ["0.9"], "datasets": ["CIFAR-10"]}
    if name == "published":
        (study.folder / "mge-snn/published").mkdir(parents=True)
        (study.folder / "mge-snn/published/table.csv").touch()
        study.values["published"] = "mge-snn"
    done = study.run("-n", "--quiet", "host")
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    pattern = r"^    (?:input|output|log|benchmark): (.*)$"
    paths = [path for line in re.findall(pattern, text, re.MULTILINE) for path in line.split(", ")]
    assert f"results/{study.values['study']}/index.html" in paths
    assert [path for path in paths if os.path.isabs(path)] == []


def test_every_rule_has_log_benchmark_and_environment():
    needed = ("log:", "benchmark:", "threads:", "resources:", "params:", "conda:")
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for rule in re.split(r"\n *rule\b", path.read_text())[1:]:
            if "script:" in rule:
                missing = [directive for directive in needed if directive not in rule]
                assert not missing, f"{path.name}: {rule.splitlines()[0]}"


@pytest.mark.parametrize("profile", ["default", "slurm"])
def test_a_limit_of_jobs_makes_snakemake_look_for_ready_jobs_rarely(profile):
    """After every look Snakemake looks again when the limit's time has passed; its default is a second."""
    settings = yaml.safe_load((ROOT / f"profiles/{profile}/config.yaml").read_text())
    limit = MaxJobsPerTimespan.parse_choice(settings["max-jobs-per-timespan"])
    assert limit.timespan >= 5
    assert limit.max_jobs / limit.timespan >= 100
