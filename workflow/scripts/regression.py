"""Rule `regression`: how well the topometrics, and what they are compared with, predict the accuracy drop."""

from job import run_job
from record import write_analysis
from study import cross_validation, read_feature_sets


def work(snakemake, specification):
    from sparsetopo.analysis.regression.cases import study_cases
    from sparsetopo.analysis.regression.scores import regression_table

    networks, sets = read_feature_sets(snakemake.input)
    keys = ("repeats", "check_repeats", "scaling", "checks")
    cases = study_cases(sets, **{key: specification[key] for key in keys})
    table = regression_table(cases, cross_validation(snakemake, specification))
    write_analysis(snakemake, specification, table, networks)


run_job(snakemake, work)  # noqa: F821
