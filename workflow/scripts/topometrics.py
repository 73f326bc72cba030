"""Rule `measure`: the topometrics of a graph."""

from job import cell_of, require_cell, run_job


def work(snakemake, specification):
    import logging
    import math

    from sparsetopo.files import read_metadata, write_json
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.topometrics import METRICS, topometrics
    from sparsetopo.version import package_version

    mge = MGE.load(snakemake.input.mge)
    encoded = read_metadata(snakemake.input.mge)["specification"]
    require_cell(snakemake.input.mge, encoded, snakemake)
    finite = encoded["weights_are_finite"]
    wanted = specification["metrics"]
    measurable = [name for name in wanted if finite or not METRICS[name].reads_weights]
    values = topometrics(
        mge,
        measurable,
        progress=lambda primitive, done, total: logging.info(
            "%s (%d of %d)", primitive, done + 1, total
        ),
        threads=snakemake.threads,  # no result depends on it
        skip_impossible=True,
    )
    missing = {name: None for name in wanted if math.isnan(values.get(name, math.nan))}
    write_json(
        snakemake.output[0],
        {
            "specification": {**specification, "cell": cell_of(snakemake)},
            "package_version": package_version(),
            "nodes": mge.num_nodes,
            "edges": mge.num_edges,
            "layer_sizes": list(mge.layer_sizes),
            "topometrics": values | missing,
        },
    )


run_job(snakemake, work)  # noqa: F821
