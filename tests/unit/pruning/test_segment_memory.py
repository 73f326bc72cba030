"""Segments need less memory: measured in processes of their own."""

import sys

import pytest
from tests.benchmarks.hessian_memory import memory


@pytest.mark.middle
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
