"""Rule `collect_layers`: two tidy tables, one row a network and layer."""

from job import run_job
from record import write_record


def work(snakemake, specification):
    from sparsetopo.analysis.tables.collect import require_grid
    from sparsetopo.analysis.tables.collect_layers import collect_layers
    from sparsetopo.analysis.tables.table import CELL, write_table

    layers, ramanujan = collect_layers(snakemake.input.layers)
    require_grid(ramanujan.drop_duplicates(list(CELL)), specification["grid"])
    write_table(snakemake.output.layers, layers)
    write_table(snakemake.output.ramanujan, ramanujan)
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
