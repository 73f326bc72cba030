"""Rule `regression`: how well the topometrics predict the accuracy drop."""

from job import run_job, write_record


def work(snakemake, specification):
    import logging

    from sparsetopo.analysis.features import scale
    from sparsetopo.analysis.metrics import study_metrics
    from sparsetopo.analysis.provenance import label_source
    from sparsetopo.analysis.regression import regression_table
    from sparsetopo.analysis.tables import read_table, write_table

    networks = read_table(snakemake.input.networks)
    metrics = study_metrics(networks.columns)
    table = regression_table(
        scale(networks, metrics),
        tuple(metrics),
        folds=specification["folds"],
        repeats=specification["repeats"],
        seed=specification["seed"],
        scaling=specification["scaling"],
        workers=snakemake.threads,  # results do not depend on it
        progress=lambda done, total: logging.info("%d of %d columns", done, total),
    )
    write_table(snakemake.output.table, label_source(table, networks))
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
