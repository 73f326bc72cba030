"""Rule `data`: read a data set into uint8 arrays, with its statistics."""

from job import run_job


def work(snakemake, specification):
    from pathlib import Path

    from sparsetopo.datasets import DataFiles, prepare

    # Where files lie does not change the data set, so the rule's parameter does not hold it.
    compute = snakemake.config["compute"]
    files = DataFiles(Path(compute["data_folder"]).expanduser(), compute["download"])
    dataset = prepare(
        specification["dataset"],
        specification["options"],
        source=specification["source"],
        files=files,
    )
    dataset.save(snakemake.output[0], specification)


run_job(snakemake, work)  # noqa: F821
