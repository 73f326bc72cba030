"""What runs again after an edit of the project's own code, in a copy of it: results are placeholders."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.workflow.conftest import ROOT, Study

from sparsetopo.config.stages import STAGE_VERSIONS

ANALYSES = (
    *("prediction", "regression", "regression_uncertainty", "families"),
    *("importance", "ramanujan", "ranking"),
)
AGGREGATES = {rule: {""} for rule in ("collect", "collect_layers", *ANALYSES, "report")}
PAIR = {"digits/Resnet-20"}
ALGORITHMS = ("snip", "synflow", "uniform")
MASKED = ("prune", "train", "encode", "topometrics")
TRAINED = ("train", "encode", "topometrics")
GRAPHS = ("encode", "topometrics")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    project = tmp_path_factory.mktemp("project")
    parts = ("workflow", "profiles", "envs", "resources", "config")
    tests = ("stage_digests.py", "stage_digests.json", "unit/config/test_stage_versions.py")
    for name in parts:
        shutil.copytree(ROOT / name, project / name)
    for name in ("Snakefile", "pyproject.toml", *(f"tests/{test}" for test in tests)):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    study = Study(tmp_path_factory.mktemp("placeholders"), project)
    study.values["grid"] |= {"algorithms": list(ALGORITHMS), "sparsities": ["0.9"]}
    study.make_placeholders()
    assert study.planned() == {}
    return study


@contextmanager
def edited(study: Study, file: str, old: str = "", new: str = "") -> Iterator[None]:
    """A file below `workflow` with something replaced; without arguments, with a statement at its end."""
    path = study.project / "workflow" / file
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1) if old else before + "\nEDITED = True\n")
    try:
        yield
    finally:
        path.write_text(before)


def networks(*rules: str, algorithms: tuple[str, ...] = ALGORITHMS) -> dict[str, set[str]]:
    cells = {f"digits/Resnet-20/{name}/0.9/0" for name in algorithms}
    return dict.fromkeys(rules, cells) | AGGREGATES


def only(*rules: str) -> dict[str, set[str]]:
    return {rule: {""} for rule in rules}


def check_of_versions(study: Study) -> str:
    """What the test says that compares the sources of expensive stages; nothing if it passes."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "without_a_new"],
        capture_output=True,
        text=True,
        check=False,
        cwd=study.project,
        env=os.environ | {"PYTHONPATH": str(study.project / "workflow")},
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout if done.returncode else ""


@pytest.mark.middle
def test_touching_sources_runs_nothing(study):
    for path in study.project.rglob("*"):
        path.touch()
    assert study.planned() == {}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("scripts/encode.py", networks(*GRAPHS)),
        ("scripts/topometrics.py", networks("topometrics")),
        ("scripts/collect.py", only("collect", *ANALYSES, "report")),
        (
            "scripts/collect_layers.py",
            only(
                "collect_layers",
                "prediction",
                "regression",
                "regression_uncertainty",
                "ramanujan",
                "ranking",
                "report",
            ),
        ),
        ("scripts/regression.py", only("regression", "report")),
        ("scripts/report.py", only("report")),
        ("scripts/job.py", networks(*GRAPHS)),
        ("sparsetopo/graphs/export/unroll.py", networks(*GRAPHS)),
        ("sparsetopo/metrics/entries/local.py", networks("topometrics")),
        ("sparsetopo/layers/bge.py", networks("topometrics")),
        ("sparsetopo/analysis/ranking/rbo.py", AGGREGATES),
        ("sparsetopo/plots/style.py", only("report")),
        ("report/regression.rst", only("report")),
    ],
)
def test_an_edit_of_a_cheap_stage_runs_it_and_what_follows(study, file, expected):
    with edited(study, file):
        assert study.planned() == expected


@pytest.mark.middle
@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("sparsetopo/training/optimiser.py", ["stage train"]),
        ("sparsetopo/pruning/derivatives/segments.py", ["stage score", "stage prune"]),
        ("sparsetopo/pruning/algorithms/synflow.py", ["algorithm synflow"]),
    ],
)
def test_an_edit_of_an_expensive_stage_runs_nothing_but_fails_a_test(study, file, named):
    with edited(study, file):
        assert study.planned() == {}
        assert f"the sources of {named} changed: raise the version" in check_of_versions(study)


@pytest.mark.middle
def test_a_comment_in_an_expensive_stage_is_no_edit(study):
    with edited(study, "sparsetopo/training/optimiser.py", "import", "# Why.\nimport"):
        assert study.planned() == {}
        assert check_of_versions(study) == ""


SCORED = {"score": {"digits/Resnet-20/snip/0"}}
DENSE = {"dense": {"digits/Resnet-20/0"}}
EVERYTHING = networks(*MASKED) | SCORED | DENSE | {"data": {"digits"}, "plan": PAIR}


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("data", EVERYTHING),
        ("plan", networks(*GRAPHS) | {"plan": PAIR}),
        ("score", networks(*MASKED, algorithms=("snip",)) | SCORED),
        ("prune", networks(*MASKED)),
        ("train", networks(*TRAINED) | DENSE),
    ],
)
def test_a_raised_stage_version_runs_the_stage_and_what_follows(study, stage, expected):
    file = "sparsetopo/config/stages.py"
    version = STAGE_VERSIONS[stage]
    with edited(study, file, f'"{stage}": {version}', f'"{stage}": 1{version}'):
        assert study.planned() == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("pruning/algorithms/synflow", networks(*MASKED, algorithms=("synflow",))),
        ("pruning/algorithms/snip", networks(*MASKED, algorithms=("snip",)) | SCORED),
        (
            "architectures/entries/resnet_20",
            {key: cells for key, cells in EVERYTHING.items() if key != "data"},
        ),
        ("datasets/entries/digits", EVERYTHING),
        ("pruning/algorithms/er", {}),
    ],
)
def test_a_raised_version_of_an_entry_runs_its_cells(study, file, expected):
    with edited(study, f"sparsetopo/{file}.py", "VERSION = ", "VERSION = 1"):
        assert study.planned() == expected
