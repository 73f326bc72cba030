"""Rule `score`: the scores of a network's initial weights, from which masks of every sparsity are selected."""

from job import cell_of, run_job
from network import initialised_network, training_images


def work(snakemake, specification):
    import torch

    from sparsetopo.gpus import held_device
    from sparsetopo.pruning import score
    from sparsetopo.training.determinism import deterministic_algorithms

    torch.set_num_threads(specification["threads"])
    with held_device(snakemake.config.get("compute", {}).get("device", "cpu")) as device:
        model = initialised_network(snakemake, specification).to(device)
        with deterministic_algorithms(torch.device(device)):
            scores = score(
                model,
                specification["algorithm"],
                data=training_images(snakemake),
                seed=specification["seed"],
                stream_labels=(specification["dataset"], specification["architecture"]),
                **specification["options"],
            )
    scores.save(snakemake.output[0], {**specification, "cell": cell_of(snakemake)})


run_job(snakemake, work)  # noqa: F821
