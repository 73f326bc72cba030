"""Rule `encode`: plan, mask and weights as one multipartite graph."""

from job import record_of, require_cell, run_job


def work(snakemake, specification):
    from sparsetopo.errors import MaskError
    from sparsetopo.graphs.plan import Plan
    from sparsetopo.pruning.mask import Mask

    plan = Plan.load(snakemake.input.plan)
    mask = Mask.load(snakemake.input.mask)
    require_cell(snakemake, snakemake.input.mask)
    # Only what both have: weights may be pruned that no output depends on, and used that cannot be pruned.
    shapes = {name: plan.parameters.get(name, kept.shape) for name, kept in mask.items()}
    try:
        mask.check_fits(shapes)
    except MaskError as error:
        raise MaskError(f"{snakemake.input.mask}: {error}") from None
    if specification["weights"] == "trained":
        weights = trained_weights(snakemake, snakemake.input.weights, plan, mask)
    else:
        weights = starting_weights(snakemake, specification, mask)
    graph, finite = encoded(plan, weights, mask)
    facts = {"weights_are_finite": finite}
    trained = None
    if specification["trained_too"]:
        weights = trained_weights(snakemake, snakemake.input.trained, plan, mask)
        trained, facts["trained_weights_are_finite"] = encoded(plan, weights, mask)
    record = record_of(snakemake, {**specification, **facts})
    graph.save(snakemake.output[0], record, trained=trained)


def trained_weights(snakemake, path, plan, mask):
    """The weights after training."""
    from sparsetopo.training.save import load_weights

    weights, _ = load_weights(path, dict.fromkeys([*mask, *plan.parameters]))
    require_cell(snakemake, path)
    return weights


def starting_weights(snakemake, specification, mask):
    """The weights that training starts from: drawn here, or from a file if the network draws its own."""
    from sparsetopo.networks.initial_file import read_initial
    from sparsetopo.networks.initial_weights import initial_weights

    if snakemake.input.weights:
        path = snakemake.input.weights
        require_cell(snakemake, path, ignoring=("algorithm", "sparsity"))
        return read_initial(path)
    labels = (specification["dataset"], specification["architecture"], specification["seed"])
    shapes = {name: kept.shape for name, kept in mask.items()}
    return initial_weights(shapes, *labels, redrawn=specification["train_weights"] == "redrawn")


def encoded(plan, weights, mask):
    """The graph, and whether its weights are finite; if not, they are 0."""
    import logging

    import numpy as np

    from sparsetopo.graphs.mge import mge_from_masks

    used = {name: mask.get(name, slice(None)) for name in plan.parameters if name in weights}
    finite = all(bool(np.isfinite(weights[name][kept]).all()) for name, kept in used.items())
    if not finite:
        # Training diverged, which is a result: the graph stands, only its edge weights do not exist.
        logging.warning(
            "the trained weights are not finite; metrics that read weights will be missing"
        )
        shapes = {name: kept.shape for name, kept in mask.items()} | plan.parameters
        weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return mge_from_masks(plan, weights, mask), finite


run_job(snakemake, work)  # noqa: F821
