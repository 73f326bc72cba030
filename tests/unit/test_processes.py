"""A job ends with the Snakemake that it belongs to, whatever lies between them."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "workflow"
JOB = """
import os, sys, time
sys.path.insert(0, {library!r})
from sparsetopo.processes import die_with_parent
time.sleep({delay})
die_with_parent(int(os.environ["RUN"]))
print("working", os.getpid(), flush=True)
{work}
"""
RUN = """
import os, subprocess, sys
os.environ["RUN"] = str(os.getpid())
print("running", flush=True)
subprocess.run({command!r})
"""
# A shell that stays between, as old ones do.
SHELL = ["sh", "-c", '"$@"; true', "sh"]


def start(tmp_path, between=(), delay=0.0, work="time.sleep(60)"):
    """A run with a job; the parent of both is this process, which does not ask how they ended."""
    script = tmp_path / "job.py"
    script.write_text(JOB.format(library=str(LIBRARY), delay=delay, work=work))
    command = [*between, sys.executable, str(script)]
    run = subprocess.Popen(
        [sys.executable, "-c", RUN.format(command=command)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout.readline() == "running\n"
    return run


def ends(run, seconds):
    """Whether everybody who writes to the pipe ends within that time; what was written."""
    import threading

    said = []
    reader = threading.Thread(target=lambda: said.append(run.stdout.read()), daemon=True)
    reader.start()
    reader.join(seconds)
    return not reader.is_alive(), "".join(said)


@pytest.mark.parametrize("between", [(), SHELL], ids=["direct", "a shell between"])
def test_it_ends_when_the_run_is_killed(tmp_path, between):
    run = start(tmp_path, between)
    assert run.stdout.readline().startswith("working")
    run.send_signal(signal.SIGKILL)  # and stays a zombie: not waited for
    assert ends(run, 20)[0]
    run.wait()


@pytest.mark.parametrize("between", [(), SHELL], ids=["direct", "a shell between"])
def test_a_run_that_died_before_the_job_began(tmp_path, between):
    run = start(tmp_path, between, delay=1.0)
    time.sleep(0.3)  # for the job's process to be there
    run.send_signal(signal.SIGKILL)
    assert ends(run, 20)[0]
    run.wait()


def test_it_goes_on_while_the_run_lives(tmp_path):
    run = start(tmp_path, SHELL, work="time.sleep(2.5); print('finished')")
    ended, said = ends(run, 60)
    assert ended
    assert said.endswith("finished\n")
    run.wait()
