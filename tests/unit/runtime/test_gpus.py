"""One job a GPU, with faked device lists: no GPU is needed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sparsetopo.errors import ConfigurationError
from sparsetopo.runtime.gpus import held_device, visible_gpus

# Holds a device for a while and writes down when, in which process, and what CUDA would see.
JOB = """
import json, os, sys, time
from pathlib import Path
from sparsetopo.runtime.gpus import held_device
device, gpus, folder, seconds, out = sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
with held_device(device, gpus=gpus, folder=folder) as name:
    start = time.time()
    Path(out + ".started").touch()
    time.sleep(seconds)
    record = {"name": name, "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"), "start": start, "end": time.time()}
Path(out).write_text(json.dumps(record))
"""


def start(tmp_path, number, device="cuda", gpus=("GPU-a", "GPU-b"), seconds=0.3):
    out = tmp_path / f"job-{number}.json"
    arguments = [device, json.dumps(gpus), str(tmp_path / "locks"), str(seconds), str(out)]
    return subprocess.Popen([sys.executable, "-c", JOB, *arguments]), out


def finished(jobs):
    for process, _ in jobs:
        assert process.wait(timeout=60) == 0
    return [json.loads(out.read_text()) for _, out in jobs]


def wait_for(path):
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)


def overlap(first, second):
    return first["start"] < second["end"] and second["start"] < first["end"]


def test_no_two_jobs_share_a_gpu_and_all_gpus_are_used(tmp_path):
    records = finished([start(tmp_path, number) for number in range(6)])
    assert {record["gpu"] for record in records} == {"GPU-a", "GPU-b"}
    assert {record["name"] for record in records} == {"cuda"}
    for gpu in ("GPU-a", "GPU-b"):
        jobs = [record for record in records if record["gpu"] == gpu]
        assert not any(overlap(a, b) for a in jobs for b in jobs if a is not b)


def test_a_killed_job_frees_its_gpu(tmp_path):
    process, out = start(tmp_path, 0, gpus=["GPU-a"], seconds=600)
    wait_for(out.with_name(out.name + ".started"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    (record,) = finished([start(tmp_path, 1, gpus=["GPU-a"], seconds=0)])
    assert record["gpu"] == "GPU-a"


def test_jobs_on_the_cpu_do_not_wait_for_each_other(tmp_path):
    first, out = start(tmp_path, 0, device="cpu", seconds=600)
    try:
        wait_for(out.with_name(out.name + ".started"))
        (record,) = finished([start(tmp_path, 1, device="cpu", seconds=0)])
        assert record["name"] == "cpu"
        assert record["gpu"] == os.environ.get("CUDA_VISIBLE_DEVICES")
        assert not (tmp_path / "locks").exists()
    finally:
        first.kill()
        first.wait()


def test_a_numbered_gpu_is_the_only_candidate(tmp_path):
    environment = {}
    with held_device(
        "cuda:1", gpus=["GPU-a", "GPU-b"], folder=tmp_path, environment=environment
    ) as name:
        assert (name, environment) == ("cuda", {"CUDA_VISIBLE_DEVICES": "GPU-b"})
    assert environment == {}


@pytest.mark.parametrize("before", [{}, {"CUDA_VISIBLE_DEVICES": "3,4"}])
def test_the_environment_is_put_back_even_after_an_error(tmp_path, before):
    environment = dict(before)
    with (
        pytest.raises(ZeroDivisionError),
        held_device("cuda", gpus=["GPU-a"], folder=tmp_path, environment=environment),
    ):
        raise ZeroDivisionError
    assert environment == before


def fake_nvidia_smi(tmp_path, monkeypatch, uuids):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\n" + "".join(f"echo {uuid}\n" for uuid in uuids))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["GPU-0", "GPU-1", "GPU-2"]),
        ("", []),
        ("-1", []),
        ("2,0", ["GPU-2", "GPU-0"]),
        ("GPU-1", ["GPU-1"]),
        ("1,-1,2", ["GPU-1"]),
        ("7", ["7"]),
        ("GPU-", ["GPU-"]),
        ("GP-", ["GP-"]),
    ],
)
def test_cuda_visible_devices_is_respected(tmp_path, monkeypatch, given, expected):
    fake_nvidia_smi(tmp_path, monkeypatch, ["GPU-0", "GPU-1", "GPU-2"])
    environment = {} if given is None else {"CUDA_VISIBLE_DEVICES": given}
    assert visible_gpus(environment) == expected


def test_a_missing_gpu_is_refused_in_a_sentence(tmp_path):
    with (
        pytest.raises(ConfigurationError, match="'cuda', but no NVIDIA GPU is visible"),
        held_device("cuda", gpus=[], folder=tmp_path),
    ):
        pass
    with (
        pytest.raises(
            ConfigurationError, match=r"'cuda:2', but the visible GPUs here are numbers 0 to 1"
        ),
        held_device("cuda:2", gpus=["a", "b"], folder=tmp_path),
    ):
        pass


def test_the_beginning_of_a_uuid_is_that_gpu(tmp_path, monkeypatch):
    fake_nvidia_smi(tmp_path, monkeypatch, ["GPU-aaaa", "GPU-abbb"])
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "GPU-ab"}) == ["GPU-abbb"]


def test_a_process_that_uses_cuda_already_is_refused(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with (
        pytest.raises(ConfigurationError, match="uses CUDA already"),
        held_device("cuda", gpus=["GPU-a"], folder=tmp_path),
    ):
        pass
