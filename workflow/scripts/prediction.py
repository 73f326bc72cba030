"""Rule `prediction`: how well the topometrics predict the accuracy drop of networks that were left out."""

from job import run_job
from record import write_analysis
from study import cross_validation, read_feature_sets


def work(snakemake, specification):
    from sparsetopo.analysis.prediction.scores import prediction_table

    networks, sets = read_feature_sets(snakemake.input)
    table = prediction_table(
        sets,
        cross_validation(snakemake, specification),
        repeats=specification["prediction_repeats"],
        resamples=specification["resamples"],
    )
    write_analysis(snakemake, specification, table, networks)


run_job(snakemake, work)  # noqa: F821
