"""What Snakemake takes for the paper's grid before any job runs: a dry run, and a run that has nothing to do.

python -m tests.benchmarks.dry_run            # two minutes
"""

import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import yaml
from tests.workflow.conftest import ROOT, Study

CONFIGURATION = ROOT / "config/paper.yaml"


def measured(command: list[str]) -> tuple[float, float, str]:
    """CPU seconds and seconds of a command, and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, seconds, done.stdout + done.stderr


def main() -> None:
    """Print one line a run."""
    with tempfile.TemporaryDirectory() as folder:
        study = Study(Path(folder) / "study")
        # Through JSON: an alias in the YAML would make one mapping of two data sets' recipes.
        study.values = json.loads(json.dumps(yaml.safe_load(CONFIGURATION.read_text())))
        study.folder.mkdir()
        runs = {"dry run, nothing is there": measured(study.command("-n", "--quiet", "rules"))}
        study.make_placeholders()
        runs["dry run, everything is there"] = measured(study.command("-n"))
        runs["run, everything is there"] = measured(study.command())
    for name, (cpu, seconds, said) in runs.items():
        jobs = next((line.split()[1] for line in said.splitlines() if line.startswith("total")), 0)
        print(f"{name}: {cpu:.1f} s CPU, {seconds:.1f} s, {jobs} jobs")


if __name__ == "__main__":
    main()
