"""One run at a time, and nothing left locked after a killed one."""

import json
import multiprocessing
import os
import signal
import socket
from pathlib import Path

import pytest

from sparsetopo import locks
from sparsetopo.errors import RunError
from sparsetopo.files import remove_abandoned
from sparsetopo.runtime import run_lock

LOCKS = Path(".snakemake/locks")
OWNER = Path(".snakemake/sparsetopo/small.lock")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_lock, "_HELD", {})
    LOCKS.mkdir(parents=True)


def _hold(folder, executor, ready):
    os.chdir(folder)
    run_lock.claim_run("small", executor)
    (LOCKS / "0.input.lock").write_text("captions.rst\nresults/small/masks/a\n")
    (LOCKS / "0.output.lock").write_text("results/small/masks/a\nresults/small/ta")
    (LOCKS / "1.output.lock").write_text("results/smaller/masks/a\n")
    ready.send(os.getpid())
    signal.pause()


@pytest.fixture
def other_run():
    """Start another process that runs the study; returns a function that starts it, and kill it at the end."""
    started = []
    context = multiprocessing.get_context("spawn")

    def start(executor="local"):
        here, there = context.Pipe()
        process = context.Process(target=_hold, args=(os.getcwd(), executor, there))
        process.start()
        started.append(process)
        assert here.poll(60)
        assert here.recv() == process.pid
        return process

    yield start
    for process in started:
        process.kill()
        process.join()


def kill(process):
    process.kill()
    process.join()


def test_a_second_run_is_refused_and_told_who_has_the_first(other_run):
    process = other_run()
    with pytest.raises(RunError, match=rf"'small' is being run .* process {process.pid} on "):
        run_lock.claim_run("small", "local", patience=0.2)
    assert run_lock.is_running("small")
    run_lock.claim_run("another", "local", patience=0.0)


def test_locks_of_a_living_run_stay_and_are_explained(other_run):
    process = other_run()
    run_lock.clear_killed_run("small")
    sentence = run_lock.explain_locks("small")
    assert f"by process {process.pid} on" in sentence
    assert len(list(LOCKS.iterdir())) == 3


def test_a_killed_run_leaves_nothing_locked_and_other_studies_keep_theirs(other_run):
    kill(other_run())
    assert not run_lock.is_running("small")
    run_lock.clear_killed_run("small")
    assert run_lock.explain_locks("small") is None
    assert [path.name for path in LOCKS.iterdir()] == ["1.output.lock"]
    run_lock.claim_run("small", "local", patience=0.0)
    assert json.loads(OWNER.read_text())["process"] == os.getpid()


def test_a_lock_file_cut_short_by_the_kill_counts_too(other_run):
    kill(other_run())
    OWNER.write_text('{"proc')
    run_lock.clear_killed_run("small")
    assert [path.name for path in LOCKS.iterdir()] == ["1.output.lock"]


def test_a_shorter_record_replaces_a_longer_one(other_run):
    kill(other_run())
    OWNER.write_text(json.dumps({"host": "x" * 500}))
    run_lock.claim_run("small", "local", patience=0.0)
    assert json.loads(OWNER.read_text())["host"] == socket.gethostname()


def _read(folder, is_module, ready):
    os.chdir(folder)
    run_lock.read_study("small", is_module)
    ready.send(os.getpid())
    signal.pause()


@pytest.fixture
def reader():
    """Another process that read the workflow, and holds nothing else."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_read, args=(os.getcwd(), True, there))
    process.start()
    assert here.poll(60)
    yield process
    kill(process)


def test_locks_of_who_never_claimed_the_study_stay_while_he_lives(reader):
    """Another workflow that imports this one and does not say when it runs; or a run without hooks."""
    lock = LOCKS / "0.output.lock"
    lock.write_text("results/small/masks/a\n")
    run_lock.read_study("small", is_module=False)
    assert lock.exists()
    run_lock._HELD.clear()
    kill(reader)
    run_lock.read_study("small", is_module=True)
    assert lock.exists()
    run_lock._HELD.clear()
    run_lock.read_study("small", is_module=False)
    assert not lock.exists()


def test_a_run_may_begin_while_others_look(reader):
    run_lock.read_study("small", is_module=False)
    run_lock.claim_run("small", "local", patience=0.0)


def test_a_run_that_has_not_claimed_the_study_yet(other_run):
    """Snakemake writes its locks a moment before a run holds ours."""
    (LOCKS / "0.output.lock").write_text("results/small/masks/a\n")
    assert "began in this directory at the same moment" in run_lock.explain_locks("small")


def test_a_run_that_has_begun_is_waited_for(monkeypatch):
    (LOCKS / "0.output.lock").write_text("results/small/masks/a\n")
    slept = []
    monkeypatch.setattr(run_lock.time, "sleep", slept.append)
    assert not run_lock.is_running("small")
    assert slept == []
    assert not run_lock.is_running("small", patience=0.1)
    assert slept
    slept.clear()
    (LOCKS / "0.output.lock").unlink()
    assert not run_lock.is_running("small", patience=100.0)
    assert slept == []


def test_jobs_on_a_cluster_outlive_their_run_so_the_user_decides(other_run):
    kill(other_run("slurm"))
    run_lock.clear_killed_run("small")
    assert "on the cluster (slurm) may still be going" in run_lock.explain_locks("small")
    assert len(list(LOCKS.iterdir())) == 3


def test_a_run_on_another_machine_is_not_judged_from_here(other_run):
    kill(other_run())
    owner = json.loads(OWNER.read_text())
    assert owner["host"] == socket.gethostname()
    OWNER.write_text(json.dumps(owner | {"host": "elsewhere"}))
    run_lock.clear_killed_run("small")
    assert "on elsewhere" in run_lock.explain_locks("small")
    assert len(list(LOCKS.iterdir())) == 3


def test_a_file_system_without_locks_leaves_everything_to_snakemake(other_run, monkeypatch):
    kill(other_run())

    def refuse(handle, operation):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    run_lock.clear_killed_run("small")
    assert len(list(LOCKS.iterdir())) == 3
    assert not run_lock.is_running("small")
    assert "if no other run is going, call snakemake with --unlock" in run_lock.explain_locks(
        "small"
    )
    run_lock.read_study("small", is_module=False)
    assert len(list(LOCKS.iterdir())) == 3
    run_lock.claim_run("small", "local", patience=0.0)


def test_files_of_a_dead_writer_go_and_those_of_a_living_one_stay(other_run):
    dead = other_run()
    kill(dead)
    folder = Path("results/small/masks")
    folder.mkdir(parents=True)
    abandoned = folder / f".seed-0.{dead.pid}.0123abcd.tmp.json"
    living = folder / f".seed-0.{os.getpid()}.0123abcd.tmp.json"
    others = [folder / name for name in ("seed-0.json", ".hidden.tmp", ".seed-0.checkpoint")]
    for path in (abandoned, living, *others):
        path.write_text("")
    remove_abandoned("results/small")
    assert set(folder.iterdir()) == {living, *others}


def test_a_new_run_removes_what_a_killed_job_left(other_run):
    """The run of that job ended well, so nothing is locked."""
    dead = other_run()
    kill(dead)
    for lock in LOCKS.iterdir():
        lock.unlink()
    left = Path(f"results/small/masks/.seed-0.{dead.pid}.0123abcd.tmp.json")
    left.parent.mkdir(parents=True)
    left.touch()
    run_lock.claim_run("small", "slurm")
    assert left.exists()
    run_lock._HELD.clear()
    owner = json.loads(OWNER.read_text())
    OWNER.write_text(json.dumps(owner | {"executor": "local", "host": "elsewhere"}))
    run_lock.claim_run("small", "local")
    assert left.exists()
    run_lock._HELD.clear()
    run_lock.claim_run("small", "local")
    assert not left.exists()
