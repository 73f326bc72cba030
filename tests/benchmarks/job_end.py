"""What a job saves by leaving its process without taking the interpreter apart (`leave` in workflow/scripts/job.py).

    python tests/benchmarks/job_end.py            # two minutes

A job's imports and a little of its work, in processes that end in either way, in turn; medians of the whole process.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPEATS = 9
MODEL = """
import torch
from sparsetopo.architectures import build
torch.set_num_threads(1)
model = build("Resnet-20", (1, 8, 8), 10)
"""
GRAPH = """
from sparsetopo.graphs import trace
from sparsetopo.graphs.mge import mge_from_masks
from sparsetopo.networks.arrays import model_arrays
from sparsetopo.pruning import prune
mask = prune(model, "uniform", "0.9", input_shape=(1, 8, 8), seed=0)
mge_from_masks(trace(model, (1, 8, 8)), model_arrays(model), mask).save(PATH, {})
"""
JOBS = {
    "topometrics": """
from sparsetopo.graphs.mge import MGE
from sparsetopo.metrics.measure import topometrics
topometrics(MGE.load(PATH), threads=1)
""",
    "train": MODEL
    + """
from sparsetopo.training.train import train
model(torch.randn(64, 1, 8, 8)).sum().backward()
""",
}
LEAVE = """
import sys
sys.path.insert(0, "workflow/scripts")
from job import leave
leave()
"""


def seconds(code: str, path: Path) -> float:
    """Run a piece of Python in a process of its own."""
    environment = os.environ | {"PYTHONPATH": "workflow", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", f"PATH = {str(path)!r}\n{code}"]
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Print one line a stage."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.safetensors"
        seconds(MODEL + GRAPH, path)
        for stage, code in JOBS.items():
            seconds(code, path)  # compiles what is not compiled yet
            pairs = [(seconds(code, path), seconds(code + LEAVE, path)) for _ in range(REPEATS)]
            plain, left = map(statistics.median, zip(*pairs, strict=True))
            print(f"{stage}: {plain:.2f} s, with leave() {left:.2f} s: {1 - left / plain:.0%} less")


if __name__ == "__main__":
    main()
