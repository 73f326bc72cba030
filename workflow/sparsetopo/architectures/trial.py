"""Try networks on the shapes of data sets: `python -m sparsetopo.architectures.trial`, with tasks on standard input.

Tasks are a JSON list of records of `Task`; for each, what is wrong in one sentence, or null, is printed in a JSON list.
"""

import json
import sys

from sparsetopo.architectures.fit import MARK, Task
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
    print(MARK + json.dumps([problem(Task(**record)) for record in json.load(sys.stdin)]))
