"""Rule `prepare`: a data set as uint8 arrays with its statistics."""

from job import run_job


def work(snakemake, specification):
    from pathlib import Path

    from sparsetopo.datasets import DataFiles, prepare

    # Facts of the machine: where files lie changes nothing in what is made of them, so they are not in the parameter.
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
