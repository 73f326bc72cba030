"""What a machine must have: the path of Python as one word of the shell, and locks; without them the library works."""

import subprocess
import sys
from pathlib import Path

import pytest

from sparsetopo.errors import RunError
from sparsetopo.runtime import machine

LIBRARY = Path(__file__).parents[3] / "workflow"

# A process as on Windows: without the modules and functions that only Unix has.
WITHOUT_UNIX = """
import os, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("sysconf", "getuid", "geteuid", "statvfs"):
    delattr(os, name)
"""
MEASURING = """
import numpy, pkgutil, importlib, sparsetopo as st
import torch
from torch import nn
for module in pkgutil.walk_packages(st.__path__, "sparsetopo."):
    if not module.name.endswith("__main__") and module.name != "sparsetopo.architectures.foreign":
        importlib.import_module(module.name)
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
mask = st.prune(model, "erk", sparsity=0.5, input_shape=(1, 4, 4), seed=0)
mge = st.encode(model, input_shape=(1, 4, 4), masks=mask)
print(sorted(st.topometrics(mge).items()), mge.to_scipy().nnz)
"""
RUNNING = """
from sparsetopo.runtime.machine import require_locks
from sparsetopo.runtime.run_lock import is_running
require_locks()
"""


def run(code):
    return subprocess.run(
        [sys.executable, "-c", f"import sys\nsys.path.insert(0, {str(LIBRARY)!r})\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.middle
def test_the_library_measures_without_locks():
    with_locks, without = run(MEASURING), run(WITHOUT_UNIX + MEASURING)
    assert without.returncode == 0, without.stderr
    assert "motif4" in without.stdout
    assert without.stdout == with_locks.stdout


def test_a_study_needs_locks_and_says_so():
    done = run(WITHOUT_UNIX + RUNNING)
    assert done.returncode == 1
    assert "RunError: This system has no file locks" in done.stderr.splitlines()[-1]
    assert run(RUNNING).returncode == 0


@pytest.mark.parametrize("character", list(" \t'\"\\$`&|;<>()*?[]{}"))
def test_a_path_that_the_shell_would_split_is_refused(character):
    path = f"/home/My{character}Drive/.venv/bin/python"
    with pytest.raises(RunError, match=r"without quotes.* `make VENV=/path/to/venv`"):
        machine.require_plain_path(path)


@pytest.mark.parametrize("name", ["plain", "Übung", "a-b_c.d,e+f@g=h%i:j~k", "a#b", "a!b", "a^b"])
def test_a_path_that_the_shell_takes_as_it_is_passes(tmp_path, name):
    """Every other character means itself, which a shell shows."""
    program = tmp_path / name
    program.symlink_to("/bin/echo")
    machine.require_plain_path(str(program))
    done = subprocess.run(
        ["bash", "-c", f"{program} said"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "said\n"
