"""From a plain mapping to a `Configuration`: every problem found, each in one sentence with its config path."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from sparsetopo.architectures import ARCHITECTURES, shape_problem
from sparsetopo.config.schema import Configuration, Training
from sparsetopo.datasets import DATASETS
from sparsetopo.errors import ConfigurationError
from sparsetopo.pruning import ALGORITHMS
from sparsetopo.registry import Entry, literals
from sparsetopo.training.recipe import Recipe


def load_configuration(values: Mapping[str, Any]) -> Configuration:
    """Validate a configuration.

    Parameters
    ----------
    values
        The parsed YAML of a configuration file.

    Raises
    ------
    ConfigurationError
        With all problems, each like ``training.digits.epochs: ...``.
    """
    problems: list[str] = []
    configuration = None
    try:
        configuration = Configuration.model_validate(values)
    except ValidationError as error:
        problems += [_sentence(fault) for fault in error.errors(include_url=False)]
    for find in (_option_problems, _coverage_problems, _recipe_problems, _shape_problems):
        problems += find(values)
    if problems or configuration is None:
        raise ConfigurationError(problems)
    return configuration


def _sentence(fault: Any) -> str:
    location = [str(part) for part in fault["loc"] if part != "[key]"]
    path = ".".join(location) or "configuration"
    if fault["type"] == "extra_forbidden":
        return f"{path}: unknown key; known keys here: {', '.join(_known_keys(location[:-1]))}"
    if fault["type"] == "missing":
        return f"{path}: is required and missing"
    if fault["type"] == "too_short":
        return f"{path}: is empty; list at least one value"
    message = fault["msg"].removeprefix("Value error, ")
    value = repr(fault["input"])
    shown = value if len(value) <= 60 else value[:57] + "..."
    return f"{path}: {message[0].lower() + message[1:]} (it is {shown})"


def _known_keys(location: list[str]) -> list[str]:
    """Keys of the section at a location; a mapping's keys (data sets) step over one level."""
    model: type[BaseModel] = Configuration
    for part in location:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
        elif part == "training":
            model = Training
    return list(model.model_fields)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _option_problems(values: Mapping[str, Any]) -> Iterator[str]:
    sections: list[tuple[str, Mapping[str, Entry]]] = [
        ("datasets", DATASETS),
        ("pruning", ALGORITHMS),
    ]
    for section, entries in sections:
        for name, options in _mapping(values.get(section)).items():
            if name in entries:
                for option, problem in entries[name].option_problems(_mapping(options)):
                    yield f"{section}.{name}.{option}: {problem}"


def _coverage_problems(values: Mapping[str, Any]) -> Iterator[str]:
    for name in _known_names(_mapping(values.get("grid")).get("datasets"), DATASETS):
        if name not in _mapping(values.get("training")):
            yield f"training.{name}: is missing; grid.datasets lists '{name}', which needs a training recipe"


def _recipe_problems(values: Mapping[str, Any]) -> Iterator[str]:
    for name, section in _mapping(values.get("training")).items():
        try:
            settings = Training.model_validate(section)
        except ValidationError:
            continue  # reported already, by the model of the whole
        common = settings.model_dump(exclude={"architectures"})
        variants: list[tuple[str, dict[str, Any]]] = [(f"training.{name}", {})] + [
            (f"training.{name}.architectures.{architecture}", changes)
            for architecture, changes in settings.architectures.items()
        ]
        for path, changes in variants:
            try:
                Recipe.from_record({**common, **changes})
            except ConfigurationError as error:
                for problem in error.problems:
                    yield f"{path}: {problem.removeprefix('training recipe: ')}"


def _shape_problems(values: Mapping[str, Any]) -> Iterator[str]:
    grid = _mapping(values.get("grid"))
    for dataset in _known_names(grid.get("datasets"), DATASETS):
        facts = literals(DATASETS[dataset].path, {"INPUT_SHAPE", "CLASSES"})
        if len(facts) < 2:
            continue  # known only once the data are prepared: the plan stage checks it then
        for architecture in _known_names(grid.get("architectures"), ARCHITECTURES):
            problem = shape_problem(architecture, tuple(facts["INPUT_SHAPE"]), facts["CLASSES"])
            if problem:
                yield f"grid.architectures: on data set '{dataset}', {problem}"


def _known_names(names: Any, entries: Mapping[str, Entry]) -> list[str]:
    listed = names if isinstance(names, list) else []
    return [name for name in listed if isinstance(name, str) and name in entries]
