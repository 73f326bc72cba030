"""Rule `released`: the tables of networks and layers, from the results that the paper's authors released."""

from job import run_job
from record import write_record


def work(snakemake, specification):
    import logging
    import os

    from sparsetopo.analysis.paper.released import read_released
    from sparsetopo.analysis.tables.collect import of_grid
    from sparsetopo.analysis.tables.table import write_table

    released = read_released(os.path.expanduser(snakemake.config["published"]))
    for note in released.notes:
        logging.info("%s", note)
    grid = specification["grid"]
    output = snakemake.output
    write_table(output.networks, of_grid(released.networks, grid))
    write_table(output.dense, of_grid(released.dense, grid))
    write_table(output.layers, of_grid(released.layers, grid))
    write_table(output.ramanujan, of_grid(released.ramanujan, grid))
    missing = missing_cells(released.networks, grid)
    write_record(snakemake, specification, notes=released.notes, missing_cells=missing)


def missing_cells(networks, grid):
    """Cells of the grid that have no row, each as algorithm/dataset/architecture/sparsity/seed."""
    from itertools import product

    from sparsetopo.analysis.tables.table import CELL

    axes = ("algorithms", "datasets", "architectures", "sparsities", "seeds")
    there = set(networks[list(CELL)].astype("str").agg("/".join, axis=1))
    wanted = ("/".join(map(str, cell)) for cell in product(*(grid[axis] for axis in axes)))
    return sorted(cell for cell in wanted if cell not in there)


run_job(snakemake, work)  # noqa: F821
