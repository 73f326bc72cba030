"""Two jobs that want one GPU: both must end with the result of one alone, and compute one after the other.

A job does what the scripts of the stages `score` and `train` do: it holds the device (`sparsetopo.runtime.gpus`), prunes and
trains. Each is a process of its own. In miniature the lock is that of a GPU with an invented name, and the CPU computes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.gpu.sizes import SIZES, Size
from tests.benchmarks.gpu.verdicts import MEASURED, Row

_ROOT = Path(__file__).parents[3]
_LONGEST = 200  # seconds for a job, waiting included


def check_sharing(size: Size, inputs: Path, device: str) -> Iterator[Row]:
    """Run one job alone, then two at once, on the GPU that this process would take first (or on the CPU)."""
    with tempfile.TemporaryDirectory(prefix="sparsetopo-gpu-check-") as folder:
        environment = dict(os.environ)
        if device == "cuda":
            from sparsetopo.runtime.gpus import visible_gpus

            environment["CUDA_VISIBLE_DEVICES"] = visible_gpus()[0]
        order = {"size": size.name, "inputs": str(inputs), "device": device, "locks": folder}
        (alone,), one = _together(1, order, environment)
        pair, both = _together(2, order, environment)
    yield from judged(alone, pair)
    yield Row(MEASURED, "two jobs want one GPU: time", f"{both:.0f} s, one alone {one:.0f} s")


def judged(alone: dict[str, Any], pair: list[dict[str, Any]]) -> Iterator[Row]:
    """Rows that say whether two jobs took turns, and found what one found alone."""
    first, second = sorted(pair, key=lambda job: job["held"])
    yield Row.of(
        first["released"] <= second["held"] and first["gpu"] == second["gpu"],
        "two jobs want one GPU: take turns",
        f"the second began {second['held'] - first['released']:+.1f} s after the first",
        "the same GPU, not before",
    )
    accuracies = ", ".join(f"{job['accuracy']:.1%}" for job in pair)
    yield Row.of(
        all(job["digest"] == alone["digest"] for job in pair),
        "two jobs want one GPU: results",
        f"accuracies {accuracies}, alone {alone['accuracy']:.1%}",
        "the same weights, bit for bit",
    )


def _together(
    count: int, order: dict[str, str], environment: dict[str, str]
) -> tuple[list[dict[str, Any]], float]:
    """Start several jobs at once; their reports, and seconds until all have ended."""
    start = time.monotonic()
    command = [sys.executable, "-m", "tests.benchmarks.gpu.sharing", json.dumps(order)]
    jobs = [
        subprocess.Popen(
            command,
            cwd=_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        said = [job.communicate(timeout=_LONGEST) for job in jobs]
    finally:
        for job in jobs:
            job.kill()
    for job, (_, errors) in zip(jobs, said, strict=True):
        if job.returncode:
            last = next(reversed(errors.strip().splitlines()), "")
            raise RuntimeError(f"a job ended with status {job.returncode}: {last}")
    reports = [json.loads(output.splitlines()[-1]) for output, _ in said]
    return reports, time.monotonic() - start


def _job(order: dict[str, str]) -> dict[str, Any]:
    """One job; what it found, and when it held the device (seconds of this machine's clock)."""
    from sparsetopo.runtime.gpus import held_device

    on_cpu = order["device"] == "cpu"
    options = {"gpus": ["GPU-miniature"], "folder": Path(order["locks"])} if on_cpu else {}
    with held_device("cuda", **options):
        held, gpu = time.monotonic(), os.environ["CUDA_VISIBLE_DEVICES"]
        report = _work(order)
        released = time.monotonic()
    return report | {"held": held, "released": released, "gpu": gpu}


def _work(order: dict[str, str]) -> dict[str, Any]:
    """Prune and train on the device that is held."""
    import dataclasses

    import torch
    from tests.benchmarks.gpu.inputs import load
    from tests.benchmarks.gpu.learning import trained

    from sparsetopo.checksums import checksum
    from sparsetopo.networks.arrays import model_arrays
    from sparsetopo.networks.determinism import resolve_device

    size, device = SIZES[order["size"]], resolve_device(order["device"])
    dataset = load(size, Path(order["inputs"])).dataset
    recipe = dataclasses.replace(size.recipe, epochs=size.job_epochs, milestones=())
    model, result = trained("SNIP 0.9", size, dataset, 0, torch.device(device), recipe)
    return {"accuracy": result.accuracy, "digest": checksum(model_arrays(model))}


if __name__ == "__main__":
    print(json.dumps(_job(json.loads(sys.argv[1]))))
