"""Matrix products stay in one thread, also in a BLAS library that is loaded later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sparsetopo

CHECK = """
import sys
from threadpoolctl import threadpool_info
from sparsetopo.metrics.blas import single_threaded_blas

def threads():
    return {info["filepath"]: info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}

with single_threaded_blas():
    before = threads()
    assert set(before.values()) == {1}, before
import scipy.linalg
outside = threads()
if outside.keys() == before.keys() or set(outside.values()) == {1}:
    sys.exit(77)
assert set(outside.values()) == {2}, outside
with single_threaded_blas():
    assert set(threads().values()) == {1}, threads()
assert threads() == outside
"""


def test_libraries_that_are_loaded_later_are_limited_too():
    library = Path(sparsetopo.__file__).parents[1]
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "2")
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        env={**os.environ, **threads, "PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
    )
    if done.returncode == 77:
        pytest.skip("numpy and scipy share one BLAS library here, or there is one processor")
    assert done.returncode == 0, done.stderr
