"""Try networks on the shapes of data sets: `python -m sparsetopo.architectures.trial FILE`, tasks on standard input.

Tasks are a JSON list of records of `Task`; for each, what is wrong in one sentence, or null, is a line of the file,
written as soon as it is known: where a network ends Python, the lines tell which.
"""

import json
import sys
from pathlib import Path

from sparsetopo.architectures.fit import Task
from sparsetopo.architectures.foreign import build_reference, require_logits
from sparsetopo.errors import SparsetopoError


def problem(task: Task) -> str | None:
    """Why a network cannot be built or does not fit, in one sentence; None if it does."""
    shape, classes = tuple(task.input_shape), task.classes
    try:
        network = build_reference(task.reference, shape, classes, task.options)
        require_logits(network, task.reference, shape, classes)
    except SparsetopoError as error:
        return str(error)
    return None


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a") as answers:
        for record in json.load(sys.stdin):
            print(json.dumps(problem(Task(**record))), file=answers, flush=True)
