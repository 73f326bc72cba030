"""Rule `families`: what each family of topometrics contributes to the regression."""

from job import run_job
from record import write_analysis
from study import cross_validation, read_feature_sets


def work(snakemake, specification):
    from sparsetopo.analysis.regression.families import families_table
    from sparsetopo.analysis.tables.metrics import study_metrics

    networks, sets = read_feature_sets(snakemake.input)
    metrics = study_metrics(networks.columns)
    table = families_table(
        sets["MGE"],
        {name: metric.category for name, metric in metrics.items()},
        cross_validation(snakemake, specification),
        repeats=specification["check_repeats"],
        scaling=specification["scaling"],
    )
    write_analysis(snakemake, specification, table, networks)


run_job(snakemake, work)  # noqa: F821
