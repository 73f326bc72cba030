"""Rule `prune`: a cell's mask, selected from its scores or made at once."""

from job import record_of, require_cell, run_job
from network import initialised_network, job_device, on_device, training_images


def selected(snakemake, specification):
    """The mask of the cell's sparsity, from the scores that all sparsities share. It needs no torch."""
    from sparsetopo.pruning.scores import Scores

    path = snakemake.input.scores
    require_cell(snakemake, path, ignoring=("sparsity",))
    return Scores.load(path).mask(specification["sparsity"], shuffle=specification["shuffle"])


def made(snakemake, specification):
    """The mask of an algorithm whose choice depends on the sparsity."""
    import torch

    from sparsetopo.datasets.facts import DatasetFacts
    from sparsetopo.networks.determinism import deterministic_algorithms
    from sparsetopo.pruning import needs, prune

    wanted = needs(specification["algorithm"])
    torch.set_num_threads(specification.get("threads", 1))
    # Random masks are drawn without the network: their jobs know of no device.
    with job_device(snakemake, {"device": "cpu", **specification}) as device:
        model = on_device(initialised_network(snakemake, specification), device)
        with deterministic_algorithms(device):
            return prune(
                model,
                specification["algorithm"],
                specification["sparsity"],
                data=training_images(snakemake) if wanted == "data" else None,
                input_shape=DatasetFacts.load(snakemake.input.data).input_shape,
                seed=specification["seed"],
                stream_labels=(specification["dataset"], specification["architecture"]),
                shuffle=specification["shuffle"],
                **specification["options"],
            )


def work(snakemake, specification):
    make = selected if "scores" in snakemake.input.keys() else made  # noqa: SIM118
    mask = make(snakemake, specification)
    mask.save(snakemake.output[0], record_of(snakemake, specification))


run_job(snakemake, work)  # noqa: F821
