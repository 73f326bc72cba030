"""Rule `importance`: how each topometric goes with the accuracy drop."""

from job import run_job
from record import write_record
from study import read_networks


def work(snakemake, specification):
    from sparsetopo.analysis.importance import importance_table
    from sparsetopo.analysis.tables.features import scale
    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.provenance import label_source
    from sparsetopo.analysis.tables.table import write_table

    networks = read_networks(snakemake.input)
    metrics = study_metrics(networks.columns)
    table = importance_table(scale(networks, metrics), metrics)
    write_table(snakemake.output.table, label_source(table, networks))
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
