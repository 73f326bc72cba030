"""Rule `ramanujan`: Ramanujan metrics against the density of layers, and against the accuracy drop."""

from job import run_job
from record import write_record
from study import read_networks


def work(snakemake, specification):
    from sparsetopo.analysis.ramanujan_density import ramanujan_table
    from sparsetopo.analysis.tables.provenance import label_source
    from sparsetopo.analysis.tables.table import read_table, write_table

    networks = read_networks(snakemake.input)
    table = ramanujan_table(read_table(snakemake.input.layers[0]), networks)
    write_table(snakemake.output.table, label_source(table, networks))
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
