"""Rule `regression`: how well the topometrics, and what they are compared with, predict the accuracy drop."""

from job import run_job
from record import write_record
from study import read_feature_sets


def work(snakemake, specification):
    import logging

    from sparsetopo.analysis.regression.cases import regression_cases
    from sparsetopo.analysis.tables.provenance import label_source
    from sparsetopo.analysis.tables.table import write_table

    networks, sets = read_feature_sets(snakemake.input)
    table = regression_cases(
        sets,
        folds=specification["folds"],
        repeats=specification["repeats"],
        check_repeats=specification["check_repeats"],
        seed=specification["seed"],
        scaling=specification["scaling"],
        checks=specification["checks"],
        workers=snakemake.threads,  # results do not depend on it
        progress=lambda done, total: logging.info("%d of %d columns", done, total),
    )
    write_table(snakemake.output.table, label_source(table, networks))
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
