"""Rule `collect`: one tidy table, one row a network; and the dense baselines."""

from job import run_job


def work(snakemake, specification):
    from sparsetopo.analysis.collect import collect
    from sparsetopo.analysis.tables import write_table

    files = snakemake.input
    networks, dense = collect(
        zip(files.masks, files.results, files.topometrics, strict=True),
        files.dense,
        specification["dense_reference"],
    )
    write_table(snakemake.output.networks, networks)
    write_table(snakemake.output.dense, dense)


run_job(snakemake, work)  # noqa: F821
