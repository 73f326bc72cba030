"""Rule `ranking`: how well each strategy orders the pruning algorithms."""

from job import run_job


def work(snakemake, specification):
    from sparsetopo.analysis.features import scale
    from sparsetopo.analysis.importance import importance_table
    from sparsetopo.analysis.ranking import mixture_weights, ranking_table, rankings_table
    from sparsetopo.analysis.tables import read_table, write_table

    networks = scale(read_table(snakemake.input.networks))
    rankings = rankings_table(networks, mixture_weights(importance_table(networks)))
    write_table(snakemake.output.rankings, rankings)
    write_table(snakemake.output.table, ranking_table(rankings))


run_job(snakemake, work)  # noqa: F821
