"""Whether the networks that are not registered fit the data sets of the grid: tried before any job is planned."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from sparsetopo.architectures.fit import Task, problems_of
from sparsetopo.architectures.packages import jobs_run_elsewhere
from sparsetopo.config.schema import Configuration
from sparsetopo.config.specifications import Specifications
from sparsetopo.config.variants import dataset_facts
from sparsetopo.errors import ConfigurationError, FileFormatError, SparsetopoError
from sparsetopo.files import canonical_json, read_json, write_json


def require_networks_fit(
    configuration: Configuration, specifications: Specifications, cache: Path
) -> None:
    """Refuse, by a `ConfigurationError`, networks that cannot be built for a data set or give no logits of its classes.

    Building a network takes seconds, so what fits is noted down in `cache`, by all that it depends on. Where the jobs
    run in another environment, without torch in this one, nothing is tried: then the stage `plan` says the same.
    """
    tasks = dict(_tasks(configuration, specifications))
    fitting = _read(cache) if tasks else []
    new = {key: task for key, task in tasks.items() if key not in fitting}
    if not new or jobs_run_elsewhere():
        return
    try:
        answers = dict(zip(new, problems_of([task for _, task in new.values()]), strict=True))
    except SparsetopoError as error:
        raise ConfigurationError([f"grid.architectures: {error}"]) from None
    problems = [
        f"grid.architectures: on data set '{new[key][0]}', {problem}"
        for key, problem in answers.items()
        if problem
    ]
    write_json(cache, sorted({*fitting, *(key for key, problem in answers.items() if not problem)}))
    if problems:
        raise ConfigurationError(problems)


def _tasks(
    configuration: Configuration, specifications: Specifications
) -> Iterator[tuple[str, tuple[str, Task]]]:
    """Every network that is not registered, with each data set whose shape is known: (key, (data set, task))."""
    for name in configuration.grid.architectures:
        architecture = specifications.architecture(name)
        for dataset in configuration.grid.datasets:
            facts = dataset_facts(dataset, configuration.datasets)
            if not architecture.is_foreign or facts is None:
                continue
            shape, classes = facts
            key = canonical_json([architecture.record(), list(shape), classes])
            task = Task(architecture.source, shape, classes, architecture.options)
            yield hashlib.sha256(key.encode()).hexdigest()[:16], (dataset, task)


def _read(cache: Path) -> list[str]:
    try:
        read = read_json(cache) if cache.exists() else []
    except FileFormatError:
        return []  # then they are tried again
    return read if isinstance(read, list) else []
