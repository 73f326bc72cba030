"""Rules `train` and `dense`: train a network from its initial weights, masked or not."""

from job import record_of, require_cell, run_job
from network import initialised_network, job_device, start_from


def masked(snakemake, model):
    """Load the cell's mask and check that it fits the network and was scored on its present weights."""
    from sparsetopo.checksums import checksum
    from sparsetopo.errors import MaskError
    from sparsetopo.networks.arrays import to_arrays
    from sparsetopo.networks.prunable import prunable_parameters
    from sparsetopo.pruning.mask import Mask

    path = snakemake.input.mask
    mask = Mask.load(path)
    require_cell(snakemake, path)
    weights = to_arrays(prunable_parameters(model))
    try:
        mask.check_fits({name: weight.shape for name, weight in weights.items()})
    except MaskError as error:
        raise MaskError(f"{path}: {error}") from None
    if mask.initial_weights_digest != checksum(weights):
        raise MaskError(f"{path}: was scored on other initial weights; delete it and run again.")
    return mask


def work(snakemake, specification):
    import logging
    from pathlib import Path

    import torch

    from sparsetopo.datasets.prepared import PreparedDataset
    from sparsetopo.training.arithmetic import Arithmetic
    from sparsetopo.training.recipe import Recipe
    from sparsetopo.training.save import save_result, save_weights
    from sparsetopo.training.train import train

    torch.set_num_threads(specification["threads"])
    dataset = PreparedDataset.load(snakemake.input.data)
    labels = (specification["dataset"], specification["architecture"], specification["seed"])
    model = initialised_network(snakemake, specification)
    mask = masked(snakemake, model) if "mask" in snakemake.input.keys() else None  # noqa: SIM118
    if specification["train_weights"] == "redrawn":
        start_from(snakemake, specification, model, "redrawn")
    # Not a declared output, because Snakemake deletes those before it runs a job again.
    weights = Path(snakemake.output.weights)
    checkpoint = weights.with_name(f".{weights.stem}.checkpoint.safetensors")
    with job_device(snakemake, specification) as device:
        result = train(
            model,
            dataset,
            Recipe.from_record(specification["recipe"]),
            labels,
            mask,
            arithmetic=Arithmetic(
                str(device), specification["precision"], specification["compile"]
            ),
            checkpoint=checkpoint,
            progress=lambda progress: logging.info("%s", progress),
        )
        record = record_of(snakemake, specification)
        save_weights(weights, model, record, mask)
        save_result(snakemake.output.result, result, record)
    checkpoint.unlink(missing_ok=True)


run_job(snakemake, work)  # noqa: F821
