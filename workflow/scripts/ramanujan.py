"""Rule `ramanujan`: Ramanujan metrics against the density of layers, and against the accuracy drop."""

from job import run_job
from record import write_analysis
from study import read_networks


def work(snakemake, specification):
    from sparsetopo.analysis.ramanujan_density import ramanujan_table
    from sparsetopo.analysis.tables.table import read_table

    networks = read_networks(snakemake.input)
    table = ramanujan_table(read_table(snakemake.input.layers[0]), networks)
    write_analysis(snakemake, specification, table, networks)


run_job(snakemake, work)  # noqa: F821
