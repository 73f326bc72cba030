"""Rule `measure`: the topometrics of a graph."""

from job import run_job


def work(snakemake, specification):
    import logging
    import math

    from sparsetopo.files import write_json
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.topometrics import topometrics
    from sparsetopo.version import package_version

    mge = MGE.load(snakemake.input.mge)
    values = topometrics(
        mge,
        specification["metrics"],
        progress=lambda primitive, done, total: logging.info(
            "%s (%d of %d)", primitive, done + 1, total
        ),
    )
    missing = {name: None for name, value in values.items() if math.isnan(value)}
    write_json(
        snakemake.output[0],
        {
            "specification": specification,
            "package_version": package_version(),
            "nodes": mge.num_nodes,
            "edges": mge.num_edges,
            "layer_sizes": list(mge.layer_sizes),
            "topometrics": values | missing,
        },
    )


run_job(snakemake, work)  # noqa: F821
