"""Ask another process (`trial`) whether networks fit data sets: parsing the workflow must not import torch."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sparsetopo.errors import SparsetopoError

_LIBRARY = Path(__file__).resolve().parents[2]
LONGEST = 600  # seconds that building and trying one network may take


@dataclass(frozen=True)
class Task:
    """A network outside the registry, and the data that it must fit."""

    reference: str
    input_shape: tuple[int, ...]
    classes: int
    options: dict[str, Any] = field(default_factory=dict)


def problems_of(tasks: Sequence[Task]) -> list[str | None]:
    """For each task, why the network cannot be built or does not fit, in one sentence; None if it does.

    Takes seconds: another process imports torch and builds every network once. Its answers come in a file, since
    networks may print while they are built.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answers.jsonl")
        try:
            done = subprocess.run(
                # Without the working folder before Python's own modules: a file may be called random.py.
                [sys.executable, "-P", "-m", "sparsetopo.architectures.trial", file],
                input=json.dumps([asdict(task) for task in tasks]),
                capture_output=True,
                text=True,
                check=False,
                env=_environment(),
                timeout=LONGEST * len(tasks),
            )
            ended = f"ended Python ({_last_words(done)})"
        except subprocess.TimeoutExpired:
            ended = f"took longer than {LONGEST * len(tasks)} seconds"
        lines = file.read_text().splitlines() if file.exists() else []
    answers: list[str | None] = [json.loads(line) for line in lines]
    if len(answers) < len(tasks):
        raise SparsetopoError(f"{tasks[len(answers)].reference}: building it {ended}.")
    return answers


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    return next(reversed(done.stderr.strip().splitlines()), f"exit status {done.returncode}")


def _environment() -> dict[str, str]:
    before = os.environ.get("PYTHONPATH", "")
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(_LIBRARY), before)))}
