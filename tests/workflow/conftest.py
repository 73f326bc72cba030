"""Running Snakemake as a user would, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


class Study:
    """A working folder with a configuration of its own, run with the project's Snakefile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.values["study"]

    def command(self, *arguments: str) -> list[str]:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(self.values))
        snakemake = [sys.executable, "-m", "snakemake", *arguments, "--cores", "2"]
        return [
            *snakemake,
            "--snakefile",
            str(ROOT / "Snakefile"),
            "--directory",
            str(self.folder),
            "--configfile",
            str(path),
        ]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | environment,
            cwd=ROOT,
        )

    def jobs(self) -> dict[str, int]:
        """Jobs a run would execute now: {rule: count}."""
        done = self.run("-n")
        assert done.returncode == 0, done.stderr
        counts: dict[str, int] = {}
        lines = (done.stdout + done.stderr).splitlines()
        for line in lines[lines.index("Job stats:") + 3 :] if "Job stats:" in lines else []:
            if not line.strip():
                break
            rule, count = line.split()
            counts[rule] = int(count)
        return {rule: count for rule, count in counts.items() if rule not in ("total", "all")}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study(tmp_path_factory.mktemp("finished"))
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    return study
