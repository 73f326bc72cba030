"""Rule `collect`: one tidy table, one row a network; and the dense baselines."""

from job import run_job, write_record


def work(snakemake, specification):
    from sparsetopo.analysis.collect import collect, require_grid
    from sparsetopo.analysis.tables import write_table

    files = snakemake.input
    networks, dense = collect(
        zip(files.masks, files.results, files.topometrics, strict=True),
        files.dense,
        specification["dense_reference"],
    )
    require_grid(networks, specification["grid"])
    write_table(snakemake.output.networks, networks)
    write_table(snakemake.output.dense, dense)
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
