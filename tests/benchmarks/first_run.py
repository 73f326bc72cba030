"""The numbers of README's first page: how long `make run` and `make paper` take, and what they say at their end.

    python -m tests.benchmarks.first_run                  # on an otherwise idle machine; a quarter of an hour
    python -m tests.benchmarks.first_run run --keep /tmp/first

Each runs in a fresh copy of the committed files, with this interpreter, as a new user's would after the set-up. The core
seconds are those of the jobs, and of Snakemake itself, by the operating system's count.
"""

import argparse
import csv
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIGURATIONS = {"run": "config/config.yaml", "paper": "config/published.yaml"}
README_FIGURE = "table3.png"


def copy_of_the_repository(folder: Path) -> None:
    """The committed files, in an empty folder."""
    archive = subprocess.run(
        ["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)


def seconds_by_rule(folder: Path) -> dict[str, list[float]]:
    """Seconds of the jobs of every rule, as Snakemake's benchmark files have them."""
    found: dict[str, list[float]] = defaultdict(list)
    for benchmarks in folder.glob("results/*/benchmarks"):
        for path in benchmarks.rglob("*.tsv"):
            rule = path.relative_to(benchmarks).parts[0].removesuffix(".tsv")
            with open(path, newline="", encoding="utf-8") as handle:
                found[rule] += [float(line["s"]) for line in csv.DictReader(handle, delimiter="\t")]
    return found


def measure(command: str, folder: Path) -> None:
    """Run one of the commands there and print what it took."""
    copy_of_the_repository(folder)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "workflow/run.py", CONFIGURATIONS[command]],
        cwd=folder,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    minutes = (time.monotonic() - start) / 60
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rules = seconds_by_rule(folder)
    print(
        f"make {command}: {minutes:.1f} minutes on {os.cpu_count()} cores, {used:.0f} core-seconds, "
        f"{sum(map(len, rules.values()))} jobs"
    )
    print("\n| rule | jobs | seconds | a job |\n|---|---|---|---|")
    for rule, seconds in sorted(rules.items(), key=lambda entry: -sum(entry[1])):
        print(
            f"| {rule} | {len(seconds)} | {sum(seconds):.0f} | {sum(seconds) / len(seconds):.1f} |"
        )
    print(f"\n{done.stdout}", flush=True)
    figures = list(folder.glob(f"results/*/figures/{README_FIGURE}"))
    if figures and command == "paper":
        shutil.copy(figures[0], ROOT / "docs/images" / README_FIGURE)


def main() -> None:
    """Measure the commands asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "commands", nargs="*", default=[*CONFIGURATIONS], metavar="|".join(CONFIGURATIONS)
    )
    parser.add_argument("--keep", type=Path, help="an empty folder to run in, which stays")
    options = parser.parse_args()
    unknown = set(options.commands) - set(CONFIGURATIONS)
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; choose {' or '.join(CONFIGURATIONS)}")
    for command in options.commands:
        if options.keep:
            folder = options.keep / command
            folder.mkdir(parents=True)
            measure(command, folder)
        else:
            with tempfile.TemporaryDirectory() as temporary:
                measure(command, Path(temporary))


if __name__ == "__main__":
    main()
