"""Rule `ranking`: how well each strategy orders the pruning algorithms."""

from job import run_job
from record import write_record
from study import read_ranked


def work(snakemake, specification):
    import logging

    from sparsetopo.analysis.ranking.cases import (
        LEAST_ALGORITHMS,
        RankingSettings,
        rank_networks,
    )
    from sparsetopo.analysis.tables.feature_sets import feature_sets
    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.provenance import label_source
    from sparsetopo.analysis.tables.table import write_table

    networks = read_ranked(snakemake.input)
    metrics = study_metrics(networks.columns)
    tables = rank_networks(
        networks,
        metrics,
        specification["pools"],
        size_free=feature_sets(networks, None, metrics)["MGE-size-free"].table,
        settings=RankingSettings(
            checks=specification["checks"],
            permutations=specification["ranking_permutations"],
            resamples=specification["resamples"],
            seed=specification["seed"],
            # The paper ranks its three random algorithms, too.
            least=2 if specification["as_in_the_paper"] else LEAST_ALGORITHMS,
        ),
        workers=snakemake.threads,  # results do not depend on it
        progress=lambda done, total: logging.info("%d of %d batches of resamples", done, total),
    )
    for name, table in (
        ("rankings", tables.rankings),
        ("means", tables.means),
        ("table", tables.ranking),
    ):
        write_table(getattr(snakemake.output, name), label_source(table, networks))
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
