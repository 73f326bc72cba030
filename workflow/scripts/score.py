"""Rule `score`: the scores of a network's initial weights, from which masks of every sparsity are selected."""

from job import record_of, run_job
from network import initialised_network, job_device, on_device, training_images


def work(snakemake, specification):
    import torch

    from sparsetopo.networks.determinism import deterministic_algorithms
    from sparsetopo.pruning import score

    torch.set_num_threads(specification["threads"])
    with job_device(snakemake, specification) as device:
        model = on_device(initialised_network(snakemake, specification), device)
        with deterministic_algorithms(device):
            scores = score(
                model,
                specification["algorithm"],
                data=training_images(snakemake),
                seed=specification["seed"],
                stream_labels=(specification["dataset"], specification["architecture"]),
                **specification["options"],
            )
        scores.save(snakemake.output[0], record_of(snakemake, specification))


run_job(snakemake, work)  # noqa: F821
