"""Rules `train` and `train_dense`: train a network from its initial weights, masked or not."""

from job import run_job


def work(snakemake, specification):
    import logging
    from pathlib import Path

    import torch

    from sparsetopo.architectures import build
    from sparsetopo.architectures._initial import digest
    from sparsetopo.architectures._load import initialise
    from sparsetopo.datasets._prepared import PreparedDataset
    from sparsetopo.errors import MaskError
    from sparsetopo.pruning.arrays import to_arrays
    from sparsetopo.pruning.mask import Mask
    from sparsetopo.pruning.prunable import prunable_parameters
    from sparsetopo.training.recipe import Recipe
    from sparsetopo.training.save import save_result, save_weights
    from sparsetopo.training.train import train

    torch.set_num_threads(specification["threads"])
    dataset = PreparedDataset.load(snakemake.input.data)
    labels = (specification["dataset"], specification["architecture"], specification["seed"])
    model = build(specification["architecture"], dataset.input_shape, dataset.classes)
    initialise(model, *labels)
    mask = Mask.load(snakemake.input.mask) if "mask" in snakemake.input.keys() else None  # noqa: SIM118
    if mask is not None and mask.initial_weights_digest != digest(
        to_arrays(prunable_parameters(model))
    ):
        raise MaskError(
            f"{snakemake.input.mask}: was scored on other initial weights than those of {labels}; delete it and run "
            "again."
        )
    # Beside the results, but undeclared: Snakemake deletes declared outputs before it runs a job again.
    weights = Path(snakemake.output.weights)
    checkpoint = weights.with_name(f".{weights.stem}.checkpoint.safetensors")
    result = train(
        model,
        dataset,
        Recipe.from_record(specification["recipe"]),
        order_labels=labels,
        mask=mask,
        checkpoint=checkpoint,
        progress=lambda progress: logging.info("%s", progress),
        device=specification["device"],
    )
    save_weights(weights, model, specification)
    save_result(snakemake.output.result, result, specification)
    checkpoint.unlink(missing_ok=True)


run_job(snakemake, work)  # noqa: F821
