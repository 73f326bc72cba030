"""Rule `encode`: plan, mask and weights as one multipartite graph."""

from job import record_of, require_cell, run_job


def work(snakemake, specification):
    import logging

    import numpy as np

    from sparsetopo.errors import MaskError
    from sparsetopo.graphs.mge import mge_from_masks
    from sparsetopo.graphs.plan import Plan
    from sparsetopo.networks.initial_file import read_initial
    from sparsetopo.networks.initial_weights import initial_weights
    from sparsetopo.pruning.mask import Mask
    from sparsetopo.training.save import load_weights

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
        names = dict.fromkeys([*mask, *plan.parameters])
        weights, _ = load_weights(snakemake.input.weights, names)
        require_cell(snakemake, snakemake.input.weights)
    elif snakemake.input.weights:
        weights = read_initial(snakemake.input.weights)
        require_cell(snakemake, snakemake.input.weights, ignoring=("algorithm", "sparsity"))
    else:
        labels = (specification["dataset"], specification["architecture"], specification["seed"])
        weights = initial_weights(
            {name: kept.shape for name, kept in mask.items()},
            *labels,
            redrawn=specification["train_weights"] == "redrawn",
        )
    used = {name: mask.get(name, slice(None)) for name in plan.parameters if name in weights}
    finite = all(bool(np.isfinite(weights[name][kept]).all()) for name, kept in used.items())
    if not finite:
        # Training diverged, which is a result: the graph stands, only its edge weights do not exist.
        logging.warning(
            "the trained weights are not finite; metrics that read weights will be missing"
        )
        weights = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        weights |= {name: np.zeros(shape, np.float32) for name, shape in plan.parameters.items()}
    record = record_of(snakemake, {**specification, "weights_are_finite": finite})
    mge_from_masks(plan, weights, mask).save(snakemake.output[0], record)


run_job(snakemake, work)  # noqa: F821
