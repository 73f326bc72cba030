"""Why a job failed, read from the log that the scripts write."""

import importlib.util
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sparsetopo.runtime.job_log import reason_of_failure

JOB = Path(__file__).parents[3] / "workflow/scripts/job.py"


def log_of(folder, body):
    """Let a process log to a file as a job does."""
    path = folder / "job.log"
    lines = ["import logging, os", "from pathlib import Path"]
    lines += [f"import sys; sys.path.insert(0, {str(JOB.parents[1])!r})"]
    lines += ["from sparsetopo.runtime.job_log import open_log"]
    lines += [f"open_log(Path({str(path)!r}))", "logging.info('epoch 1')", *body]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], cwd=JOB.parent, check=False)
    return path


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (["logging.error('%s', 'mask.safetensors: truncated.')"], "mask.safetensors: truncated."),
        (
            ["try:", "    [][0]", "except IndexError:", "    logging.exception('unexpected')"],
            "IndexError: list index out of range",
        ),
        (["logging.info('done; peak memory 5 MB')"], ""),
        (["os.kill(os.getpid(), 9)"], "killed or crashed without a word"),
    ],
)
def test_the_last_entry_says_it(tmp_path, body, reason):
    said = reason_of_failure(log_of(tmp_path, body), since=0)
    assert said == reason or (reason and reason in said)


def test_a_log_of_an_earlier_run_and_a_missing_one_say_nothing(tmp_path):
    path = log_of(tmp_path, ["logging.error('earlier')"])
    assert reason_of_failure(path, since=path.stat().st_mtime + 1) == ""
    assert reason_of_failure(tmp_path / "none.log", since=0) == ""


def test_a_job_killed_before_its_first_entry(tmp_path):
    path = tmp_path / "job.log"
    path.touch()
    assert "killed" in reason_of_failure(path, since=0)


@pytest.fixture
def job(monkeypatch):
    """The scripts' module, loaded by its path."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("job_of_the_scripts", JOB)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_full_disk_and_no_memory_are_sentences_and_bugs_are_not(job):
    full = job.user_message(OSError(28, "No space left on device", "a.csv"))
    assert full.startswith("the disk is full ([Errno 28] No space left on device: 'a.csv')")
    assert "--cores" in job.user_message(MemoryError())
    assert job.user_message(OSError(5, "Input/output error")) is None
    assert job.user_message(ValueError("x")) is None


def test_a_full_disk_makes_no_noise_of_its_own(job, capfd, monkeypatch):
    """Logging to a full disk would print a traceback for every line."""
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    monkeypatch.setattr(logging, "captureWarnings", lambda capture: None)
    job.open_log(Path("/dev/full"))
    logging.info("x")
    assert capfd.readouterr().err == ""
