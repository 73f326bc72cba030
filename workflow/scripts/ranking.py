"""Rule `ranking`: how well each strategy orders the pruning algorithms."""

from job import run_job, write_record


def work(snakemake, specification):
    from sparsetopo.analysis.features import scale
    from sparsetopo.analysis.importance import importance_table
    from sparsetopo.analysis.metrics import study_metrics
    from sparsetopo.analysis.provenance import label_source
    from sparsetopo.analysis.ranking import mixture_weights, ranking_table, rankings_table
    from sparsetopo.analysis.tables import read_table, write_table

    networks = read_table(snakemake.input.networks)
    metrics = study_metrics(networks.columns)
    scaled = scale(networks, metrics)
    weights = mixture_weights(importance_table(scaled, metrics))
    rankings = rankings_table(scaled, weights, tuple(metrics))
    write_table(snakemake.output.rankings, label_source(rankings, networks))
    write_table(snakemake.output.table, label_source(ranking_table(rankings), networks))
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
