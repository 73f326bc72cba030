"""The pruning algorithms by name, and what their files state; no algorithm is imported for it."""

from pathlib import Path
from types import ModuleType
from typing import Any

from sparsetopo import registry
from sparsetopo.errors import UsageError

ALGORITHMS = registry.scan(f"{__package__}.algorithms", Path(__file__).parent / "algorithms")

# Options that every algorithm of a study has besides its own: controls of what matters in a mask.
COMMON_OPTIONS: dict[str, dict[str, Any]] = {
    "shuffle": {
        "enum": ["none", "layer"],
        "default": "none",
        "description": "layer: the kept weights are permuted at random within each layer.",
    },
    "train_weights": {
        "enum": ["scored", "redrawn"],
        "default": "scored",
        "description": "redrawn: train other initial weights than those that were scored.",
    },
}


def register_algorithm(module: ModuleType) -> str:
    """Add a pruning algorithm of your own to `ALGORITHMS`, for as long as this process runs.

    So `sparsetopo.prune`, and the functions of `sparsetopo.commands`, know it without a file in the package. A study's
    jobs are processes of their own: for a study, the same file goes to the folder ``pruning/algorithms``.

    Parameters
    ----------
    module
        The imported file, which holds what ``CONTRIBUTING.md`` says. Registered again, its literals are read anew.

    Returns
    -------
    str
        The algorithm's name.

    Raises
    ------
    UsageError
        If the module has no file or does not say all that it must, or its name is that of another algorithm.

    Examples
    --------
    >>> from sparsetopo.pruning.algorithms import snip  # a file like this one
    >>> register_algorithm(snip)
    'snip'
    """
    path = Path(getattr(module, "__file__", None) or "")
    if path.suffix != ".py":
        raise UsageError(
            f"{module.__name__} is no module with a file, which an algorithm's name, version and options are read from."
        )
    entry = registry.read_entry(path, module.__name__)
    if entry is None:
        raise UsageError(f"{path}: an algorithm's file needs a name: NAME = '...'.")
    wanted = "scores" if getattr(module, "SINGLE_SHOT", False) else "keep"
    if not callable(getattr(module, wanted, None)):
        raise UsageError(
            f"{path}: {entry.name} has no function '{wanted}': an algorithm with SINGLE_SHOT = True has "
            "scores(problem), any other keep(problem)."
        )
    known = ALGORITHMS.get(entry.name)
    if known is not None and known.path.resolve() != path.resolve():
        raise UsageError(
            f"{path}: the name '{entry.name}' is that of the algorithm in {known.path}; choose another."
        )
    ALGORITHMS[entry.name] = entry
    return entry.name


def needs(algorithm: str) -> str:
    """Say what an algorithm needs besides the network: "data", "input shape" or "nothing".

    Examples
    --------
    >>> needs("snip"), needs("synflow"), needs("erk")
    ('data', 'input shape', 'nothing')
    """
    stated: str = _stated(algorithm, "NEEDS", "data")
    return stated


def is_random(algorithm: str) -> bool:
    """Whether an algorithm keeps weights at random, and so reads none.

    Examples
    --------
    >>> is_random("erk"), is_random("synflow")
    (True, False)
    """
    return needs(algorithm) == "nothing"


def is_single_shot(algorithm: str) -> bool:
    """Say whether an algorithm scores once, so that masks of every sparsity follow from `score`.

    Examples
    --------
    >>> is_single_shot("snip"), is_single_shot("synflow")
    (True, False)
    """
    stated: bool = _stated(algorithm, "SINGLE_SHOT", False)
    return stated


def memory_options(algorithm: str) -> tuple[str, ...]:
    """Options of an algorithm that save memory when they are lower, the first to try first.

    Examples
    --------
    >>> memory_options("grasp")
    ('chunk_size', 'samples_per_class')
    """
    stated: tuple[str, ...] = _stated(algorithm, "MEMORY_OPTIONS", ())
    return stated


def _stated(algorithm: str, name: str, default: Any) -> Any:
    """Literal in an algorithm's file; an UnknownNameError if there is no such algorithm."""
    entry = registry.look_up(ALGORITHMS, algorithm, "pruning algorithm")
    return registry.literals(entry.path, {name}).get(name, default)
