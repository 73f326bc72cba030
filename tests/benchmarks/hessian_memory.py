"""Memory of a Hessian-vector product, whole and in segments: the table of docs/pruning.md.

    python tests/benchmarks/hessian_memory.py

Each measurement is a process of its own; torch's own memory does not count.
"""

import os
import subprocess
import sys

NETWORKS = ("Wide-Resnet-28-2", "Conv-6", "Resnet-32")
IMAGES = 64
MEMORY_PROGRAM = """
import contextlib, resource, sys
import torch
from sparsetopo.architectures import build
from sparsetopo.pruning.derivatives.hessian import hessian_times
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.pruning.derivatives.segments import segmented

torch.set_num_threads(1)
what, architecture, count, how = sys.argv[1:]
model = build(architecture, (3, 32, 32), 10).train().requires_grad_(False)
weights = list(prunable_parameters(model).values())
for weight in weights:
    weight.requires_grad_(True)
images = torch.randn(int(count), 3, 32, 32)
with torch.no_grad():
    model(images)  # what a forward pass needs besides what it keeps

def present():
    if what == "peak":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

before = present()
with segmented(model) if how == "segments" else contextlib.nullcontext():
    if what == "peak":
        hessian_times(lambda: model(images).square().mean(), weights, weights)
    else:
        loss = model(images).square().mean()
print(present() - before)
"""


def memory(what: str, architecture: str, count: int, how: str) -> int:
    """Bytes that a forward pass keeps, or that a Hessian-vector product needs, in a new process."""
    # Freed tensors go back to the system at once; otherwise their unused pages would count.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "100000"}
    command = [sys.executable, "-c", MEMORY_PROGRAM, what, architecture, str(count), how]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return int(done.stdout)


def main() -> None:
    """Print the table."""
    print("| network | whole graph, MB an image | segments, MB an image |")
    print("|---|---|---|")
    for network in NETWORKS:
        needed = [
            memory("peak", network, IMAGES, how) / IMAGES / 1e6 for how in ("whole", "segments")
        ]
        print(
            f"| {network} | " + " | ".join(f"{number:.1f}" for number in needed) + " |", flush=True
        )


if __name__ == "__main__":
    main()
