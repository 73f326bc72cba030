"""What a job costs besides its work, stage by stage, and what that comes to over the paper's grid.

    python tests/benchmarks/job_overhead.py                # the table of docs/performance.md; three minutes

A small study is run on one core, every stage of it, its jobs timed from within (`job_clock.py`). Beside the work of a
job: the start of its interpreter, imports, loading compiled loops, reading and writing files, its end, and what
Snakemake does between two jobs. Medians over the jobs of a stage.
"""

import argparse
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("start_up", "imports", "loops", "files", "end", "snakemake")
# Rules that share a script.
RULES = {"train": ("train", "dense")}
STUDY = {
    "study": "overhead",
    "grid": {
        "algorithms": ["snip", "synflow", "uniform"],
        "datasets": ["digits"],
        "architectures": ["Resnet-20", "Resnet-32"],
        "sparsities": ["0.9", "0.98"],
        "seeds": [0],
    },
    "training": {"digits": {"epochs": 1, "batch_size": 128, "learning_rate": 0.1}},
    "analysis": {"repeats": 2, "checks": False},
}


def snakemake(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in the clone; its messages."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return done


def timed_jobs(folder: Path) -> list[dict]:
    """Run the study on one core; a record for every job, in the order in which they ran."""
    (folder / "inject").mkdir()
    shutil.copy(Path(__file__).parent / "job_clock.py", folder / "inject/sitecustomize.py")
    (folder / "config.yaml").write_text(yaml.safe_dump(STUDY))
    clock = folder / "clock.jsonl"
    snakemake(
        *("--cores", "1", "--directory", str(folder), "--configfile", str(folder / "config.yaml")),
        PYTHONPATH=str(folder / "inject"),
        JOB_CLOCK=str(clock),
    )
    jobs = sorted(map(json.loads, clock.read_text().splitlines()), key=lambda job: job["begin"])
    for job, following in itertools.pairwise(jobs):
        job["between"] = following["begin"] - job["end"]
    return jobs


def whole_seconds(folder: Path) -> dict[str, list[float]]:
    """Seconds of every job as Snakemake measured them: by rule."""
    found = defaultdict(list)
    benchmarks = folder / "results/overhead/benchmarks"
    for path in benchmarks.rglob("*.tsv"):
        rule = path.relative_to(benchmarks).with_suffix("").parts[0]
        found[rule].append(float(path.read_text().splitlines()[1].split("\t")[0]))
    return found


def jobs_of_the_grid(configuration: str) -> dict[str, int]:
    """How many jobs of each rule a configuration has."""
    with tempfile.TemporaryDirectory() as folder:
        said = snakemake(
            *("-n", "--quiet", "rules", "--configfile", str(ROOT / configuration)),
            *("--directory", folder),
        )
    rows = re.findall(r"^(\w+) +(\d+)$", said.stdout + said.stderr, re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}


def row(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--configuration", default="config/paper.yaml", help="whose jobs are counted"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = timed_jobs(folder)
        whole = whole_seconds(folder)
    by_script = defaultdict(list)
    for job in jobs:
        by_script[job["script"]].append(job)
    grid = jobs_of_the_grid(options.configuration)

    header = ("stage", "a job, s", *(part.replace("_", "-") + ", s" for part in PARTS))
    row(*header, "beside its work, s", f"jobs of {options.configuration}", "all, minutes")
    row(*["---"] * (len(PARTS) + 5))
    total = 0.0
    for script, records in by_script.items():
        rules = RULES.get(script, (script,))
        job = statistics.median([seconds for rule in rules for seconds in whole[rule]])
        seconds = {
            part: statistics.median(record.get(part, 0.0) for record in records) for part in PARTS
        }
        inside = statistics.median(record["end"] - record["begin"] for record in records)
        # What Snakemake measured ends with the process; a job's own clock stops before that.
        seconds["end"] = max(0.0, job - inside)
        between = statistics.median(record.get("between", 0.0) for record in records)
        seconds["snakemake"] = max(0.0, between - seconds["end"])
        beside, count = sum(seconds.values()), sum(grid.get(rule, 0) for rule in rules)
        total += beside * count
        row(
            ", ".join(rules), f"{job:.2f}", *(f"{seconds[part]:.2f}" for part in PARTS),
            f"{beside:.2f}", count, f"{beside * count / 60:.1f}",
        )  # fmt: skip
    trained = grid.get("train", 0) + grid.get("dense", 0)
    print(f"\n{total / 60:.0f} core-minutes beside the work over {sum(grid.values())} jobs.")
    if trained:
        print(
            f"They are a tenth of the work if a training takes {10 * total / trained:.0f} s, and less if it takes longer."
        )


if __name__ == "__main__":
    main()
