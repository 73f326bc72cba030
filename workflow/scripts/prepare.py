"""Rule `prepare`: a data set as uint8 arrays with its statistics."""

from job import run_job


def work(snakemake, specification):
    from sparsetopo.datasets import prepare

    dataset = prepare(specification["dataset"], specification["options"])
    dataset.save(snakemake.output[0], specification)


run_job(snakemake, work)  # noqa: F821
