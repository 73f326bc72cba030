"""Kill a study again and again, and compare what it comes to with an undisturbed one.

Run by hand: `python -m tests.workflow.stress --kills 20 --seed 0`. It takes a minute or more a kill. Each run is plain
Snakemake, killed with SIGKILL (it and all its jobs, or it alone) at a random moment of a drawn stage, then started again
by the same command. Whenever the study is complete, its results must be those of the undisturbed run to the last bit, a
further run must find nothing to do, and nothing temporary may be left.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
from tests.workflow.conftest import copy_project

START_UP = "start-up"
# Results that a stage's script writes; without them it runs again, with all that follows.
WRITES = {
    "data": "data",
    "plan": "plans",
    "score": "scores",
    "prune": "masks",
    "train": "trained",
    "encode": "mges",
    "topometrics": "topometrics",
    "collect": "tables/networks.csv",
    "collect_layers": "tables/layers.csv",
    **{
        name: f"tables/{name}.csv"
        for name in (
            *("regression", "regression_uncertainty", "families"),
            *("importance", "ramanujan", "ranking"),
        )
    },
    "report": "figures",
}
# What is of the run, not of the study.
OF_THE_RUN = ("logs", "benchmarks")


class StressedStudy:
    """A folder in which a study runs by one command, with what its processes are doing."""

    def __init__(self, folder: Path, project: Path, configuration: str) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.command = [
            *(sys.executable, "-m", "snakemake", "--cores", "2"),
            *("--snakefile", str(project / "Snakefile"), "--directory", str(folder)),
            *("--configfile", str(project / configuration)),
        ]

    def start(self) -> psutil.Popen:
        """Start a run; what it says is added to messages.txt."""
        with open(self.folder / "messages.txt", "ab") as messages:
            return psutil.Popen(
                self.command, stdout=messages, stderr=messages, start_new_session=True
            )

    def jobs(self, run: psutil.Popen) -> dict[int, str]:
        """Running jobs: process id and name of the stage's script."""
        found = {}
        try:
            for process in run.children(recursive=True):
                words = [word for word in process.cmdline() if "/.snakemake/scripts/" in word]
                if words:
                    found[process.pid] = words[0].split(".")[-2]
        except psutil.Error:  # ended while it was looked at
            pass
        return found

    def left_running(self) -> list[int]:
        """Jobs of this folder that live."""
        mark = f"{self.folder}/.snakemake/scripts/"
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            command = process.info["cmdline"] or []
            if process.info["status"] != psutil.STATUS_ZOMBIE and any(mark in w for w in command):
                found.append(process.pid)
        return found

    @property
    def results(self) -> Path:
        (results,) = (self.folder / "results").iterdir()
        return results

    def contents(self) -> dict[str, bytes]:
        """Every result by its path."""
        return {
            path.relative_to(self.results).as_posix(): path.read_bytes()
            for path in sorted(self.results.rglob("*"))
            if path.is_file() and path.relative_to(self.results).parts[0] not in OF_THE_RUN
        }

    def watched(self, run: psutil.Popen) -> Iterator[dict[int, str]]:
        """What runs, again and again until the run has ended."""
        while run.poll() is None:
            yield self.jobs(run)
            time.sleep(0.1)

    def said(self) -> str:
        """The end of all messages."""
        return (self.folder / "messages.txt").read_text(errors="replace")[-3000:]


def durations(study: StressedStudy) -> dict[str, float]:
    """Run a study undisturbed: seconds until the first job, and of the longest job of every stage."""
    run, begun = study.start(), time.monotonic()
    first: dict[int, float] = {}
    longest: dict[str, float] = {}
    for jobs in study.watched(run):
        now = time.monotonic()
        for process, stage in jobs.items():
            longest.setdefault(START_UP, now - begun)
            longest[stage] = max(longest.get(stage, 0.0), now - first.setdefault(process, now))
    if run.returncode:
        sys.exit(f"The undisturbed run failed:\n{study.said()}")
    return longest


def killed_in(
    study: StressedStudy, stage: str, seconds: float, whole_group: bool
) -> tuple[str, ...] | None:
    """Run the study and kill it that long after a stage's first job was seen (or after the start).

    Returns
    -------
    tuple of str or None
        The stages whose jobs were running then ("start-up" before any was, "between jobs" later); None if the run
        ended first.
    """
    run = study.start()
    at = time.monotonic() + seconds if stage == START_UP else None
    any_seen = False
    for jobs in study.watched(run):
        any_seen = any_seen or bool(jobs)
        if at is None and stage in jobs.values():
            at = time.monotonic() + seconds
        if at is not None and time.monotonic() >= at:
            if whole_group:
                os.killpg(run.pid, 9)
            else:
                run.kill()
            run.wait()
            return tuple(sorted(jobs.values())) or (("between jobs",) if any_seen else (START_UP,))
    if run.returncode:
        sys.exit(f"A run failed of itself, with exit status {run.returncode}:\n{study.said()}")
    return None


def faults(study: StressedStudy, expected: dict[str, bytes]) -> list[str]:
    """What is wrong with a complete study; nothing, it is hoped."""
    found = study.contents()
    wrong = [f"missing: {path}" for path in sorted(expected.keys() - found.keys())]
    wrong += [f"left over: {path}" for path in sorted(found.keys() - expected.keys())]
    wrong += [
        f"differs: {path}" for path in expected if found.get(path, expected[path]) != expected[path]
    ]
    again = subprocess.run(study.command, capture_output=True, text=True, check=False)
    if again.returncode or "Nothing to be done" not in again.stdout + again.stderr:
        wrong.append(f"a further run did something:\n{again.stderr[-2000:]}")
    return wrong


def undo(study: StressedStudy, stage: str, chance: random.Random) -> str:
    """Remove results, so that a stage has something to do; what was removed."""
    if stage not in WRITES or chance.random() < 0.2:
        shutil.rmtree(study.folder)
        study.folder.mkdir()
        return "everything"
    target = study.results / WRITES[stage]
    files = [path for path in target.rglob("*") if path.is_file()] or [target]
    for path in chance.sample(files, chance.randint(1, len(files))):
        path.unlink()
    return WRITES[stage]


def stages_to_hit(kills: int, chance: random.Random) -> list[str]:
    """Stages in which to kill, in any order, every one about as often."""
    every = [START_UP, *WRITES]
    drawn: list[str] = []
    while len(drawn) < kills:
        drawn += chance.sample(every, min(len(every), kills - len(drawn)))
    return drawn


def main() -> None:
    """Kill until there were enough kills; say what was found, and exit with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--configuration", default="config/tiny.yaml")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="stress-"))
    copy_project(folder, "config")

    print("an undisturbed run ...", flush=True)
    undisturbed = StressedStudy(folder / "undisturbed", folder, options.configuration)
    seconds = durations(undisturbed)
    expected = undisturbed.contents()
    study = StressedStudy(folder / "killed", folder, options.configuration)
    hits: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    complete = 0

    def check() -> None:
        nonlocal complete
        complete += 1
        found = faults(study, expected)
        wrong.extend(found)
        print(f"complete: {'; '.join(found) or f'all {len(expected)} results equal'}", flush=True)

    for number, stage in enumerate(stages_to_hit(options.kills, chance), 1):
        whole_group = number % 2 == 1
        way = "all processes" if whole_group else "Snakemake alone"
        delay = chance.uniform(0, 1.1 * seconds[stage])
        while (running := killed_in(study, stage, delay, whole_group)) is None:
            check()
            print(f"removed: {undo(study, stage, chance)}", flush=True)
            delay *= 0.7  # it ended too early for that
        hits.update((name, way) for name in set(running))
        print(f"kill {number}: {way}, {delay:.1f} s into {stage}; {', '.join(running)}", flush=True)
        time.sleep(2)
        if study.left_running():
            wrong.append(f"after kill {number} jobs go on: {study.left_running()}")
    run = study.start()
    if run.wait():
        wrong.append(f"the last run failed:\n{study.said()}")
    check()

    print(f"\n{options.kills} kills, {complete} complete studies compared")
    for name in [START_UP, *WRITES, "between jobs"]:
        ways = [f"{hits[name, way]} {way}" for way in ("all processes", "Snakemake alone")]
        print(f"  {name:24}{', '.join(ways)}")
    print("\n".join(wrong) or "nothing differs, nothing is left over")
    if wrong:
        sys.exit(f"see {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
