"""The cells of a study's grid, and where their results lie.

The rules fill in the patterns as Snakemake's wildcards, `expected_results` with the cells of the grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from sparsetopo.config.schema import Configuration

# Below results/<study>/ and the folder that says what the results are (masks, trained, ...).
NETWORK = "{dataset}/{architecture}/{algorithm}/{sparsity}/seed-{seed}"
BASELINE = "{dataset}/{architecture}/seed-{seed}"
# Algorithms that score once make one file for all sparsities.
SCORED = "{dataset}/{architecture}/{algorithm}/seed-{seed}"
# Weights of networks that are not registered: those that are scored, and others for the control `redrawn`.
INITIAL = "{dataset}/{architecture}/{weights}/seed-{seed}"


@dataclass(frozen=True, order=True)
class Cell:
    """One sparse network of the grid."""

    dataset: str
    architecture: str
    algorithm: str
    sparsity: str
    seed: int


def cells(configuration: Configuration) -> Iterator[Cell]:
    """Every cell of the grid.

    Examples
    --------
    >>> grid = {"algorithms": ["snip", "erk"], "datasets": ["digits"], "architectures": ["Resnet-20"]}
    >>> grid |= {"sparsities": [0.9], "seeds": [0]}
    >>> study = Configuration(study="small", grid=grid)
    >>> [cell.algorithm for cell in cells(study)]
    ['snip', 'erk']
    """
    grid = configuration.grid
    axes = (grid.datasets, grid.architectures, grid.algorithms, grid.sparsities, grid.seeds)
    return (Cell(*values) for values in product(*axes))


def paths_of(pattern: str, networks: list[Cell]) -> list[str]:
    """Every path that a pattern stands for in these cells, each once, in the order of the grid."""
    return list(dict.fromkeys(pattern.format(**vars(cell)) for cell in networks))
