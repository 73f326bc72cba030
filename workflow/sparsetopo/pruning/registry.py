"""The pruning algorithms by name, and what their files state; no algorithm is imported for it."""

from pathlib import Path
from typing import Any

from sparsetopo import registry

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


def needs(algorithm: str) -> str:
    """Say what an algorithm needs besides the network: "data", "input shape" or "nothing".

    Examples
    --------
    >>> needs("snip"), needs("synflow"), needs("erk")
    ('data', 'input shape', 'nothing')
    """
    stated: str = _stated(algorithm, "NEEDS", "data")
    return stated


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
