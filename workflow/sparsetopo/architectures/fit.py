"""Ask another process (`trial`) whether networks fit data sets: parsing the workflow must not import torch."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sparsetopo.errors import SparsetopoError

_LIBRARY = Path(__file__).resolve().parents[2]
# Begins the line of answers: networks may print while they are built.
MARK = "networks tried: "


@dataclass(frozen=True)
class Task:
    """A network outside the registry, and the data that it must fit."""

    reference: str
    input_shape: tuple[int, ...]
    classes: int
    options: dict[str, Any] = field(default_factory=dict)


def problems_of(tasks: Sequence[Task]) -> list[str | None]:
    """For each task, why the network cannot be built or does not fit, in one sentence; None if it does.

    Takes seconds: another process imports torch and builds every network once.
    """
    done = subprocess.run(
        [sys.executable, "-m", "sparsetopo.architectures.trial"],
        input=json.dumps([asdict(task) for task in tasks]),
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(MARK):
            answers: list[str | None] = json.loads(line.removeprefix(MARK))
            return answers
    said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    names = ", ".join(dict.fromkeys(task.reference for task in tasks))
    raise SparsetopoError(f"{names}: building them ended Python ({said[-1]}).")


def _environment() -> dict[str, str]:
    before = os.environ.get("PYTHONPATH", "")
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(_LIBRARY), before)))}
