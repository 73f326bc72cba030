"""Rule `prune`: a cell's mask, selected from its scores or made at once."""

from job import cell_of, require_cell, run_job
from network import initialised_network, training_images


def selected(snakemake, specification):
    """The mask of the cell's sparsity, from the scores that all sparsities share. Needs no torch."""
    from sparsetopo.files import read_metadata
    from sparsetopo.pruning.scores import Scores

    path = snakemake.input.scores
    require_cell(path, read_metadata(path)["specification"], snakemake, but_for=("sparsity",))
    return Scores.load(path).mask(specification["sparsity"], shuffle=specification["shuffle"])


def made(snakemake, specification):
    """The mask of an algorithm whose choice depends on the sparsity."""
    import torch

    from sparsetopo.gpus import held_device
    from sparsetopo.pruning import needs, prune
    from sparsetopo.training.determinism import deterministic_algorithms

    wanted = needs(specification["algorithm"])
    torch.set_num_threads(specification.get("threads", 1))
    # Random masks need no GPU, and are the same on every machine.
    configured = snakemake.config.get("compute", {}).get("device", "cpu")
    with held_device("cpu" if wanted == "nothing" else configured) as device:
        model = initialised_network(snakemake, specification).to(device)
        with deterministic_algorithms(torch.device(device)):
            return prune(
                model,
                specification["algorithm"],
                specification["sparsity"],
                data=training_images(snakemake) if wanted == "data" else None,
                input_shape=input_shape(snakemake),
                seed=specification["seed"],
                stream_labels=(specification["dataset"], specification["architecture"]),
                shuffle=specification["shuffle"],
                **specification["options"],
            )


def input_shape(snakemake):
    """Shape of one image."""
    from sparsetopo.datasets._facts import DatasetFacts

    return DatasetFacts.load(snakemake.input.data).input_shape


def work(snakemake, specification):
    make = selected if "scores" in snakemake.input.keys() else made  # noqa: SIM118
    mask = make(snakemake, specification)
    mask.save(snakemake.output[0], {**specification, "cell": cell_of(snakemake)})


run_job(snakemake, work)  # noqa: F821
