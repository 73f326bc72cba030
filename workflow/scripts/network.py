"""What the scripts that compute with a network share: their device, the network, its images."""

import contextlib


@contextlib.contextmanager
def job_device(snakemake, specification):
    """Hold the device of the job: the CPU, or a GPU that no other job has."""
    from sparsetopo.networks.determinism import resolve_device
    from sparsetopo.runtime.gpus import held_device

    # Which of several GPUs is a fact of the machine, so it is not in the specification.
    configured = snakemake.config["compute"]["device"]
    with held_device("cpu" if specification["device"] == "cpu" else configured) as device:
        yield resolve_device(device)


def on_device(model, device):
    """The network on the device; if that has no memory left, one sentence says so."""
    from sparsetopo.networks.memory import named_out_of_memory

    with named_out_of_memory(
        f"device '{device}' has no memory left for the network: free it, or use another one"
    ):
        return model.to(device)


def initialised_network(snakemake, specification):
    """The cell's architecture at the shape of its data set, with the initial weights of its seed."""
    from sparsetopo.architectures import build
    from sparsetopo.datasets.facts import DatasetFacts
    from sparsetopo.networks.initialise import initialise

    facts = DatasetFacts.load(snakemake.input.data)
    model = build(specification["architecture"], facts.input_shape, facts.classes)
    initialise(
        model, specification["dataset"], specification["architecture"], specification["seed"]
    )
    return model


def training_images(snakemake):
    """The training part of the data set, normalised a few images at a time."""
    from sparsetopo.datasets.prepared import PreparedDataset, TrainingPart

    return TrainingPart(PreparedDataset.load(snakemake.input.data))
