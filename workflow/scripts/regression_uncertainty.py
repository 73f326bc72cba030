"""Rule `regression_uncertainty`: a permutation null and a bootstrap interval for every adjusted R2."""

from job import run_job
from record import write_record
from study import read_feature_sets


def work(snakemake, specification):
    import logging

    from sparsetopo.analysis.regression.uncertainty import regression_uncertainty
    from sparsetopo.analysis.tables.provenance import label_source
    from sparsetopo.analysis.tables.table import write_table

    networks, sets = read_feature_sets(snakemake.input)
    table = regression_uncertainty(
        sets,
        folds=specification["folds"],
        seed=specification["seed"],
        scaling=specification["scaling"],
        checks=specification["checks"],
        permutations=specification["permutations"],
        mean_permutations=specification["mean_permutations"],
        resamples=specification["resamples"],
        workers=snakemake.threads,  # results do not depend on it
        progress=lambda done, total: logging.info("%d of %d scores", done, total),
    )
    write_table(snakemake.output.table, label_source(table, networks))
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
