"""The cells of a study's grid."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from sparsetopo.config.schema import Configuration


@dataclass(frozen=True, order=True)
class Cell:
    """One sparse network of the grid."""

    dataset: str
    architecture: str
    algorithm: str
    sparsity: str
    seed: int


def cells(configuration: Configuration) -> Iterator[Cell]:
    """Every cell of the grid."""
    grid = configuration.grid
    axes = (grid.datasets, grid.architectures, grid.algorithms, grid.sparsities, grid.seeds)
    return (Cell(*values) for values in product(*axes))


def dense_cells(configuration: Configuration) -> Iterator[tuple[str, str, int]]:
    """Every dense baseline: (data set, architecture, seed)."""
    grid = configuration.grid
    return product(grid.datasets, grid.architectures, grid.seeds)
