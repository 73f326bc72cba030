"""Segments need less memory: measured in processes of their own."""

import os
import subprocess
import sys

import pytest

MEMORY_PROGRAM = """
import contextlib, resource, sys
import torch
from sparsetopo.architectures import build
from sparsetopo.pruning.hessian import hessian_times
from sparsetopo.pruning.prunable import prunable_parameters
from sparsetopo.pruning.segments import segmented

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


def memory(what, architecture, count, how):
    """Bytes that a forward pass keeps, or that a Hessian-vector product needs, in a new process."""
    # Freed tensors go back to the system at once; else their pages count although they are unused.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "100000"}
    command = [sys.executable, "-c", MEMORY_PROGRAM, what, architecture, str(count), how]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc/self/statm")
@pytest.mark.parametrize("architecture", ["Resnet-20", "Wide-Resnet-28-2"])
def test_a_forward_pass_keeps_the_inputs_of_blocks(architecture):
    """One tensor of about four a block: the inputs of its two norms and of its two convolutions."""
    kept = {how: memory("kept", architecture, 64, how) for how in ("segments", "whole")}
    assert kept["segments"] < 0.45 * kept["whole"]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="depends on Linux's allocator")
@pytest.mark.parametrize(
    ("architecture", "share"), [("Resnet-32", 0.65), ("Wide-Resnet-28-2", 0.65), ("Conv-6", 0.9)]
)
def test_hessian_products_need_less(architecture, share):
    """Measured: 0.52, 0.52 and 0.8 (Conv-6 has its largest tensors in its first segment)."""
    needed = {how: memory("peak", architecture, 64, how) for how in ("segments", "whole")}
    assert needed["segments"] < share * needed["whole"]
