"""From a plain mapping to a `Configuration`: every problem found, each in one sentence with its config path."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from sparsetopo.analysis.tables.paper_grid import ALGORITHMS, DATASETS, SEEDS, SPARSITIES
from sparsetopo.analysis.tables.paper_grid import ARCHITECTURES as RELEASED_ARCHITECTURES
from sparsetopo.analysis.tables.published_accuracies import read_published_accuracies
from sparsetopo.architectures import shape_problem
from sparsetopo.config.architectures import (
    architecture_problems,
    architecture_sources,
    recipe_problems,
)
from sparsetopo.config.schema import Configuration, canonical_sparsity
from sparsetopo.config.schema.sections import StageResources, Training
from sparsetopo.config.variants import (
    FROM,
    SECTIONS,
    as_mapping,
    dataset_facts,
    known_names,
    option_problems,
)
from sparsetopo.config.yaml_readings import as_read, value_problems
from sparsetopo.errors import ConfigurationError, FileFormatError, unknown_name
from sparsetopo.training.recipe import Recipe


def load_configuration(values: Mapping[str, Any]) -> Configuration:
    """Validate the parsed YAML of a configuration file.

    A `ConfigurationError` has all problems, each like ``training.digits.epochs: ...``. What only the text of the file
    can tell, `text_problems` finds.
    """
    problems = list(value_problems(values))
    if not isinstance(values, Mapping):
        problems.append(f"configuration: must be a mapping (key: value), but is {as_read(values)}")
    if problems:  # all other checks compare names
        raise ConfigurationError(problems)
    configuration = None
    try:
        configuration = Configuration.model_validate(values)
    except ValidationError as error:
        problems += [_sentence(fault) for fault in error.errors(include_url=False)]
    for find in (
        _name_problems,
        _architecture_problems,
        _option_problems,
        _coverage_problems,
        _recipe_problems,
        _shape_problems,
        _published_problems,
        _released_problems,
        _device_problems,
    ):
        problems += find(values)
    if problems or configuration is None:
        # A name may hold line breaks; a problem is one line.
        raise ConfigurationError(["\\n".join(problem.splitlines()) for problem in problems])
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
    if fault["type"] in ("model_type", "dict_type"):
        return f"{path}: must be a mapping (key: value), but is {fault['input']!r}"
    if fault["type"] == "string_type":
        return f"{path}: must be text, but YAML reads {as_read(fault['input'])}; a name is put in quotes"
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
        elif part in ("training", "resources"):
            model = Training if part == "training" else StageResources
    return list(model.model_fields)


def _name_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """Names in the grid and under `training` that neither a registry nor the configuration defines."""
    for section, axis in (("datasets", "datasets"), ("pruning", "algorithms")):
        known = known_names(section, as_mapping(values.get(section)))
        kind = SECTIONS[section][0]
        for index, name in enumerate(_names(values, axis)):
            if name not in known:
                yield f"grid.{axis}.{index}: {unknown_name(kind, name, known)}"
        if section == "datasets":
            for name in as_mapping(values.get("training")):
                if name not in known:
                    yield f"training.{name}: {unknown_name(kind, name, known)}"


def _architecture_problems(values: Mapping[str, Any]) -> Iterator[str]:
    yield from architecture_problems(values, _names(values, "architectures"))
    yield from recipe_problems(values)


def _option_problems(values: Mapping[str, Any]) -> Iterator[str]:
    for section in SECTIONS:
        given = as_mapping(values.get(section))
        for path, problem in option_problems(section, given):
            yield f"{section}.{path}: {problem}"
    # An entry that cannot do without options (a file, a folder), used without any.
    for name in _names(values, "datasets"):
        _, entries = SECTIONS["datasets"]
        if name in entries and name not in as_mapping(values.get("datasets")):
            for option, problem in entries[name].option_problems({}):
                yield f"datasets.{name}.{option}: {problem}"


def _coverage_problems(values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("accuracies") == "published" or values.get("published") is not None:
        return  # nothing is trained
    known = known_names("datasets", as_mapping(values.get("datasets")))
    for name in _names(values, "datasets"):
        if name in known and name not in as_mapping(values.get("training")):
            yield f"training.{name}: is missing; grid.datasets lists '{name}', which needs a training recipe"


def _recipe_problems(values: Mapping[str, Any]) -> Iterator[str]:
    for name, section in as_mapping(values.get("training")).items():
        try:
            settings = Training.model_validate(section)
        except ValidationError:
            continue  # reported already, by the model of the whole
        recipes = {f"training.{name}": settings.model_dump(exclude={"architectures"})}
        for architecture in settings.architectures:
            recipes[f"training.{name}.architectures.{architecture}"] = settings.of(architecture)
        for path, recipe in recipes.items():
            try:
                Recipe.from_record(recipe)
            except ConfigurationError as error:
                for problem in error.problems:
                    yield f"{path}: {problem.removeprefix('training recipe: ')}"


def _shape_problems(values: Mapping[str, Any]) -> Iterator[str]:
    sources = architecture_sources(values, _names(values, "architectures"))
    for dataset in _names(values, "datasets"):
        facts = dataset_facts(dataset, as_mapping(values.get("datasets")))
        if facts is None:
            continue  # known only once the data are prepared: the plan stage checks it then
        for source in sources.values():
            problem = shape_problem(source, *facts)
            if problem:
                yield f"grid.architectures: on data set '{dataset}', {problem}"


def _published_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """What a study that takes its accuracies from the paper cannot have."""
    if values.get("accuracies") != "published":
        return
    if as_mapping(values.get("topometrics")).get("weights") not in ("initial", ["initial"]):
        yield (
            "topometrics.weights: holds 'trained', but with accuracies: published nothing is trained; "
            "set topometrics.weights: [initial]"
        )
    if as_mapping(values.get("analysis")).get("dense_reference", "mean") != "mean":
        yield (
            "analysis.dense_reference: is 'same_seed', but a published dense accuracy is a mean over seeds; "
            "set it to mean"
        )
    given = {section: as_mapping(values.get(section)) for section in SECTIONS}
    known = {section: known_names(section, given[section]) for section in SECTIONS}
    algorithms = []
    for name in _names(values, "algorithms"):
        options = as_mapping(given["pruning"].get(name))
        if (
            options.get(FROM, name) != name
            or options.get("shuffle", "none") != "none"
            or options.get("train_weights", "scored") != "scored"
        ):
            yield (
                f"pruning.{name}: is a variant that the paper published no accuracy of; with accuracies: published "
                "leave out from, shuffle and train_weights"
            )
        elif name in known["pruning"]:  # else it is reported already
            algorithms.append(name)
    for name in as_mapping(values.get("architectures")):
        yield (
            f"architectures.{name}: is an architecture that the paper published no accuracy of; with accuracies: "
            "published leave it out"
        )
    try:
        published = read_published_accuracies()
    except FileFormatError as error:
        yield f"accuracies: {error}"
        return
    sparsities = map(_sparsity, _listed(values, "sparsities"))
    understood = {
        "datasets": [name for name in _names(values, "datasets") if name in known["datasets"]],
        "architectures": list(_names(values, "architectures")),
        "algorithms": algorithms,
        "sparsities": [value for value in sparsities if value is not None],
    }
    yield from published.problems(understood)


def _released_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """What a study of the authors' released results cannot have: other networks, and stages of its own."""
    if values.get("published") is None:
        return
    for section in (
        "accuracies",
        "datasets",
        "pruning",
        "architectures",
        "training",
        "topometrics",
        "layers",
        "keep",
    ):
        if section in values:
            yield f"{section}: has no effect with published, since nothing is computed then; leave it out"
    released: dict[str, tuple[str, ...]] = {
        "algorithms": ALGORITHMS,
        "datasets": DATASETS,
        "architectures": RELEASED_ARCHITECTURES,
        "sparsities": SPARSITIES,
    }
    for axis, known in released.items():
        for index, value in enumerate(_listed(values, axis)):
            name = _sparsity(value) if axis == "sparsities" else value
            if name is not None and name not in known:
                yield f"grid.{axis}.{index}: the released results have no '{value}'; they have {', '.join(known)}"
    for index, seed in enumerate(_listed(values, "seeds")):
        if str(seed) not in map(str, SEEDS):
            known_seeds = ", ".join(map(str, SEEDS))
            yield f"grid.seeds.{index}: the released results have no seed {seed}; they have {known_seeds}"


def _sparsity(value: Any) -> str | None:
    try:
        return canonical_sparsity(value)
    except ValueError:
        return None  # reported already


def _device_problems(values: Mapping[str, Any]) -> Iterator[str]:
    compute = as_mapping(values.get("compute"))
    if compute.get("precision") == "tf32" and compute.get("device", "cpu") == "cpu":
        yield "compute.precision: is 'tf32', which only GPUs have; with compute.device: cpu use float32 or bfloat16"


def _listed(values: Mapping[str, Any], axis: str) -> list[Any]:
    """Values of an axis of the grid; none if there is no such list, which the model reports."""
    listed = as_mapping(values.get("grid")).get(axis)
    return listed if isinstance(listed, list) else []


def _names(values: Mapping[str, Any], axis: str) -> list[str]:
    return [name for name in _listed(values, axis) if isinstance(name, str)]
