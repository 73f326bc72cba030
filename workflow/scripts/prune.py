"""Rule `prune`: score a cell's initial weights and write the mask."""

from job import cell_of, run_job


def work(snakemake, specification):
    import torch

    from sparsetopo.architectures import build
    from sparsetopo.architectures._load import initialise
    from sparsetopo.datasets._prepared import PreparedDataset
    from sparsetopo.pruning import prune
    from sparsetopo.training.determinism import deterministic_algorithms, resolve_device

    torch.set_num_threads(specification["threads"])
    device = resolve_device(specification["device"])
    dataset = PreparedDataset.load(snakemake.input.data)
    model = build(specification["architecture"], dataset.input_shape, dataset.classes)
    initialise(
        model, specification["dataset"], specification["architecture"], specification["seed"]
    )
    images = torch.from_numpy(dataset.normalised("train")).to(device)
    labels = torch.from_numpy(dataset.train_labels).to(device)
    with deterministic_algorithms(device):
        mask = prune(
            model.to(device),
            specification["algorithm"],
            specification["sparsity"],
            data=(images, labels),
            seed=specification["seed"],
            stream_labels=(specification["dataset"], specification["architecture"]),
            **specification["options"],
        )
    mask.save(snakemake.output[0], {**specification, "cell": cell_of(snakemake)})


run_job(snakemake, work)  # noqa: F821
