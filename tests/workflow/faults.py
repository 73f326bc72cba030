"""Faults for a study's jobs, from outside: what a job's Python runs at its start, and a disk that is full.

Nothing in the project knows of them. Python imports `sitecustomize` from PYTHONPATH before it runs a script; ours lets
the job fail, or be killed, at the moment when it gives a finished file its name.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.workflow.conftest import ROOT, Study

SITECUSTOMIZE = """
import os, signal, sys

def refuse(event, arguments):
    if event != "os.rename" or os.environ["FAULT_AT"] not in str(arguments[1]):
        return
    once = os.environ["FAULT_ONCE"]
    if once:
        if os.path.exists(once):
            return
        open(once, "w").close()
    if os.environ["FAULT_KIND"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    number = 28 if os.environ["FAULT_KIND"] == "full" else 5
    raise OSError(number, os.strerror(number), str(arguments[1]))

if "FAULT_AT" in os.environ and "/.snakemake/scripts/" in "".join(sys.orig_argv[1:2]):
    sys.addaudithook(refuse)
"""

# Arguments: the study's folder, one with its contents, bytes to leave free, where to copy results, the command.
FULL_DISK = """
study=$1; contents=$2; room=$3; out=$4; shift 4
mount -t tmpfs -o size=80m tmpfs "$study" || exit 99
cd "$study"
cp -a "$contents/." .
free=$(($(stat -f -c '%a * %S' .)))
head -c $((free - room)) /dev/zero > filler
"$@" > "$out/full.txt" 2>&1; echo $? > "$out/full.status"
find results -name '.*' > "$out/full.left"
cp -a results "$out/results-when-full"
rm filler
"$@" > "$out/free.txt" 2>&1; echo $? > "$out/free.status"
cp -a results "$out/results"
"""


def fault(folder: Path, at: str, kind: str = "fail", once: bool = False) -> dict[str, str]:
    """Environment of a run in which jobs fail.

    Parameters
    ----------
    folder
        A temporary folder.
    at
        Part of the path of a file: its writer fails when it gives the file its name.
    kind
        "fail" (an error of input and output), "full" (no space left) or "kill" (as the system does when memory runs
        out).
    once
        Only the first time.
    """
    code = folder / "inject"
    code.mkdir(exist_ok=True)
    (code / "sitecustomize.py").write_text(SITECUSTOMIZE)
    path = os.pathsep.join([str(code), *filter(None, [os.environ.get("PYTHONPATH")])])
    marker = str(folder / "injected") if once else ""
    return {"PYTHONPATH": path, "FAULT_AT": at, "FAULT_KIND": kind, "FAULT_ONCE": marker}


def contents(results: Path) -> dict[str, bytes]:
    """Every result by its path, without logs and what Snakemake measured of the jobs."""
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.relative_to(results).parts[0] not in ("logs", "benchmarks")
    }


def remove(study: Study, *patterns: str) -> None:
    """Delete results by patterns; each must match something."""
    for pattern in patterns:
        paths = list(study.results.glob(pattern))
        assert paths, pattern
        for path in paths:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def start(study: Study, *arguments: str) -> subprocess.Popen[str]:
    """Start a run in a process group of its own."""
    return subprocess.Popen(
        study.command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )


def wait_for_log(study: Study, rule: str, seconds: float = 120) -> None:
    """Wait until a job of the rule has begun (its log was removed before)."""
    end = time.monotonic() + seconds
    while not list(study.results.glob(f"logs/{rule}/**/*.log")):
        assert time.monotonic() < end, f"no job of {rule} began"
        time.sleep(0.02)


def signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """What a terminal does at Ctrl-C: the signal goes to everybody in the foreground."""
    os.killpg(process.pid, number)


def why_no_mount() -> str:
    """Why a small file system of one's own cannot be mounted here; empty if it can."""
    if shutil.which("unshare") is None:
        return "there is no `unshare`"
    done = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip() if done.returncode else ""
