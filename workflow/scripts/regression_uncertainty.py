"""Rule `regression_uncertainty`: a permutation null and a bootstrap interval for every adjusted R2."""

from job import run_job
from record import write_analysis
from study import cross_validation, read_feature_sets


def work(snakemake, specification):
    from sparsetopo.analysis.regression.cases import study_cases
    from sparsetopo.analysis.regression.uncertainty import Draws, regression_uncertainty

    networks, sets = read_feature_sets(snakemake.input)
    cases = study_cases(sets, scaling=specification["scaling"], checks=specification["checks"])
    keys = ("permutations", "mean_permutations", "resamples")
    draws = Draws(**{key: specification[key] for key in keys})
    table = regression_uncertainty(cases, cross_validation(snakemake, specification), draws)
    write_analysis(snakemake, specification, table, networks)


run_job(snakemake, work)  # noqa: F821
