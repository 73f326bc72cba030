"""Rule `families`: what each family of topometrics contributes to the regression."""

from job import run_job
from record import write_record
from study import read_feature_sets


def work(snakemake, specification):
    import logging

    from sparsetopo.analysis.regression.families import families_table
    from sparsetopo.analysis.tables.metrics import study_metrics
    from sparsetopo.analysis.tables.provenance import label_source
    from sparsetopo.analysis.tables.table import write_table

    networks, sets = read_feature_sets(snakemake.input)
    metrics = study_metrics(networks.columns)
    table = families_table(
        sets["MGE"],
        {name: metric.category for name, metric in metrics.items()},
        folds=specification["folds"],
        repeats=specification["check_repeats"],
        seed=specification["seed"],
        scaling=specification["scaling"],
        workers=snakemake.threads,  # results do not depend on it
        progress=lambda done, total: logging.info("%d of %d columns", done, total),
    )
    write_table(snakemake.output.table, label_source(table, networks))
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
