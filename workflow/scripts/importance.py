"""Rule `importance`: how each topometric goes with the accuracy drop."""

from job import run_job
from record import write_analysis
from study import read_networks


def work(snakemake, specification):
    from sparsetopo.analysis.importance import importance_of_weights
    from sparsetopo.analysis.tables.metrics import study_metrics

    networks = read_networks(snakemake.input)
    table = importance_of_weights(networks, study_metrics(networks.columns))
    write_analysis(snakemake, specification, table, networks)


run_job(snakemake, work)  # noqa: F821
