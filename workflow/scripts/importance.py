"""Rule `importance`: how each topometric goes with the accuracy drop."""

from job import run_job


def work(snakemake, specification):
    from sparsetopo.analysis.features import scale
    from sparsetopo.analysis.importance import importance_table
    from sparsetopo.analysis.tables import read_table, write_table

    table = importance_table(scale(read_table(snakemake.input.networks)))
    write_table(snakemake.output.table, table)


run_job(snakemake, work)  # noqa: F821
