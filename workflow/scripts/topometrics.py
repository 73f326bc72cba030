"""Rule `topometrics`: the topometrics of a graph and of the bipartite graphs of its layers."""

from job import record_of, require_cell, run_job


def work(snakemake, specification):
    from sparsetopo.files import write_json
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.metrics.primitives import Eigenvectors
    from sparsetopo.version import package_version

    mge = MGE.load(snakemake.input.mge)
    facts = require_cell(snakemake, snakemake.input.mge)
    finite = facts["weights_are_finite"]
    known = Eigenvectors() if specification["trained_too"] else None
    common = {
        "specification": record_of(snakemake, specification),
        "package_version": package_version(),
    }
    if specification["layers"]:
        layers = measured_layers(mge, specification["layers"]["motif_size"], finite)
        write_json(snakemake.output.layers, {**common, **layers})
    write_json(
        snakemake.output.topometrics,
        {
            **common,
            "nodes": mge.num_nodes,
            "edges": mge.num_edges,
            "layer_sizes": list(mge.layer_sizes),
            "topometrics": measured(
                mge, specification["metrics"], finite, snakemake.threads, known
            ),
            **after_training(
                snakemake, specification, facts.get("trained_weights_are_finite"), known
            ),
        },
    )


def after_training(snakemake, specification, finite, known):
    """Metrics that read weights, once more, on the trained ones, whose spectra start from those of the initial ones."""
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.metrics.registry import METRICS

    if not specification["trained_too"]:
        return {}
    trained = MGE.load(snakemake.input.mge, trained=True)
    wanted = [name for name in specification["metrics"] if METRICS[name].reads_weights]
    return {"topometrics_trained": measured(trained, wanted, finite, snakemake.threads, known)}


def measured(mge, wanted, finite, threads, known):
    """Metrics of the whole graph; None where one cannot be measured."""
    import logging
    import math

    from sparsetopo.metrics.measure import topometrics
    from sparsetopo.metrics.registry import METRICS

    measurable = [name for name in wanted if finite or not METRICS[name].reads_weights]
    values = topometrics(
        mge,
        measurable,
        progress=lambda primitive, done, total: logging.info(
            "%s (%d of %d)", primitive, done + 1, total
        ),
        threads=threads,  # no result depends on it
        skip_impossible=True,
        known=known,
    )
    missing = {name: None for name in wanted if math.isnan(values.get(name, math.nan))}
    return values | missing


def measured_layers(mge, motif_size, finite):
    """Records of every layer; if the weights are not finite, metrics that depend on them are None."""
    import logging

    from sparsetopo.layers import layer_kinds, ramanujan_records, topometric_records
    from sparsetopo.layers.network import WEIGHTED_METRICS

    kinds = layer_kinds(mge.plan)
    # In the order of the network, which a file of a plan does not keep in its list of parameters.
    names = dict.fromkeys(block.parameter for block in mge.plan.blocks if block.parameter)
    masks = {name: mge.masks[name] for name in names}
    layers = {
        "topometrics": topometric_records(mge.weights, masks, kinds, motif_size=motif_size),
        "ramanujan": ramanujan_records(mge.weights, masks, kinds),
    }
    logging.info("%d layers", len(layers["ramanujan"]))
    if not finite:
        for records in layers.values():
            for record in records:
                record |= {name: None for name in WEIGHTED_METRICS if name in record}
    return layers


run_job(snakemake, work)  # noqa: F821
