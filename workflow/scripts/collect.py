"""Rule `collect`: one tidy table, one row a network; and the dense baselines."""

from job import run_job
from record import write_record


def require_current_results(snakemake):
    """Refuse results of another configuration or stage version: without notes on them Snakemake overlooks that."""
    from pathlib import Path

    from sparsetopo.config import load_configuration
    from sparsetopo.config.expected_results import expected_results
    from sparsetopo.config.stages import stage_code
    from sparsetopo.config.stale import require_current

    # Not part of the parameter: what it holds of single cells must not make the tables of all others anew.
    configuration = load_configuration(snakemake.config)
    folder = Path(snakemake.output.networks).parents[1]
    code = stage_code(Path(snakemake.scriptdir))
    require_current(folder, expected_results(configuration, code))


def work(snakemake, specification):
    from sparsetopo.analysis.tables.collect import collect, collect_published, require_grid
    from sparsetopo.analysis.tables.published_accuracies import read_published_accuracies
    from sparsetopo.analysis.tables.table import write_table

    require_current_results(snakemake)
    files, reference = snakemake.input, specification["dense_reference"]
    if specification["accuracies"] == "published":
        networks, dense = collect_published(
            zip(files.masks, files.topometrics, strict=True),
            read_published_accuracies(),
            reference,
        )
    else:
        networks, dense = collect(
            zip(files.masks, files.results, files.topometrics, strict=True), files.dense, reference
        )
    require_grid(networks, specification["grid"])
    networks.insert(networks.columns.get_loc("nodes"), "weights", specification["weights"])
    write_table(snakemake.output.networks, networks)
    write_table(snakemake.output.dense, dense)
    write_record(snakemake, specification)


run_job(snakemake, work)  # noqa: F821
