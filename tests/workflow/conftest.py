"""Running Snakemake as a user would, in a folder of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.workflow.dry_run import dry_run

ROOT = Path(__file__).parents[2]
AXES = ("dataset", "architecture", "algorithm", "sparsity", "seed")


def with_value(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a configuration with one value set; the path is joined by "/"."""
    changed = deepcopy(values)
    place = changed
    *above, last = path.split("/")
    for key in above:
        place = place.setdefault(key, {})
    place[last] = value
    return changed


def copy_project(folder: Path, *more: str) -> None:
    """What a run reads of the project, and more by name, into a folder that exists."""
    for name in ("Snakefile", "workflow", "profiles", "envs", "resources", *more):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)


def job_counts(dry_run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Jobs of a dry run: {rule: count}, without the targets that only collect."""
    assert dry_run.returncode == 0, dry_run.stderr
    counts: dict[str, int] = {}
    lines = (dry_run.stdout + dry_run.stderr).splitlines()
    for line in lines[lines.index("Job stats:") + 3 :] if "Job stats:" in lines else []:
        if not line.strip():
            break
        rule, count = line.split()
        counts[rule] = int(count)
    return {
        rule: count
        for rule, count in counts.items()
        if rule not in ("total", "all") and not rule.endswith("_all")
    }


class Study:
    """A working folder with a configuration of its own, run with the project's Snakefile or that of a copy of it."""

    def __init__(self, folder: Path, project: Path = ROOT) -> None:
        self.folder = folder
        self.project = project
        self.values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.values["study"]

    def arguments(self, *arguments: str) -> list[str]:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.values, sort_keys=False))
        return [
            *arguments,
            *("--cores", "2"),
            *("--snakefile", str(self.project / "Snakefile")),
            *("--directory", str(self.folder)),
            *("--configfile", str(path)),
        ]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", *self.arguments(*arguments)]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | environment,
            cwd=self.project,
        )

    def planned(self, *arguments: str) -> dict[str, set[str]]:
        """Jobs a run would execute now: {rule: cells}, a cell as "digits/Resnet-20/snip/0.9/0", or "" without one."""
        status, text = dry_run(self.arguments("--quiet", "host", *arguments), self.project)
        assert status == 0, text
        planned: dict[str, set[str]] = {}
        for rule, wildcards in jobs_of(text):
            if rule != "all":
                planned.setdefault(rule, set()).add("/".join(wildcards.values()))
        return planned

    def jobs(self, *arguments: str) -> dict[str, int]:
        """Jobs a run with these arguments would execute now: {rule: count}."""
        return {rule: len(cells) for rule, cells in self.planned(*arguments).items()}

    def make_placeholders(self) -> None:
        """Every result as an empty file that Snakemake takes for made from the configuration: nothing is computed."""
        # Before the files are there: Snakemake notes down the same, but would pause at every job.
        done = self.run("--touch", "--quiet", "host")
        assert done.returncode == 0, done.stderr
        for line in (done.stdout + done.stderr).splitlines():
            if line.startswith("    output: "):
                for output in line.removeprefix("    output: ").split(", "):
                    path = self.folder / output
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()


def jobs_of(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Jobs that Snakemake lists: (rule, wildcards in the order of the grid's axes)."""
    rule, wildcards = "", {}
    for line in [*text.splitlines(), "rule end:"]:
        if line.startswith(("rule ", "localrule ")):
            if rule:
                yield rule, {axis: wildcards[axis] for axis in AXES if axis in wildcards}
            rule, wildcards = line.split()[1].rstrip(":"), {}
        elif line.startswith("    wildcards: "):
            pairs = line.removeprefix("    wildcards: ").split(", ")
            wildcards = dict(pair.split("=", 1) for pair in pairs)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study(tmp_path_factory.mktemp("finished"))
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return study
