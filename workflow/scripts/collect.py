"""Rule `collect`: one tidy table, one row a network; and the dense baselines."""

from job import run_job, write_record


def work(snakemake, specification):
    from sparsetopo.analysis.collect import collect, collect_published, require_grid
    from sparsetopo.analysis.published_accuracies import read_published_accuracies
    from sparsetopo.analysis.tables import write_table

    files, reference = snakemake.input, specification["dense_reference"]
    if specification["accuracies"] == "published":
        networks, dense = collect_published(
            zip(files.masks, files.topometrics, strict=True),
            read_published_accuracies(files.accuracies),
            reference,
        )
    else:
        networks, dense = collect(
            zip(files.masks, files.results, files.topometrics, strict=True), files.dense, reference
        )
    require_grid(networks, specification["grid"])
    write_table(snakemake.output.networks, networks)
    write_table(snakemake.output.dense, dense)
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
