"""What the scripts that compute with a network share: the device, the network and its images."""

import contextlib


@contextlib.contextmanager
def job_device(snakemake, specification):
    """Hold the job's device: the CPU, or a GPU that no other job uses."""
    from sparsetopo.networks.determinism import resolve_device
    from sparsetopo.runtime.gpus import held_device

    # Which of several GPUs is a fact of the machine, so it is not in the specification.
    configured = snakemake.config["compute"]["device"]
    with held_device("cpu" if specification["device"] == "cpu" else configured) as device:
        yield resolve_device(device)


def on_device(model, device):
    """Return the network on the device, or say in one sentence that it has no memory left."""
    from sparsetopo.networks.memory import network_must_fit

    with network_must_fit(device):
        return model.to(device)


def initialised_network(snakemake, specification):
    """The cell's architecture, built for its data set, with the initial weights of its seed."""
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
    """The training part of the data set, of which a few images at a time are normalised."""
    from sparsetopo.datasets.prepared import PreparedDataset, TrainingPart

    return TrainingPart(PreparedDataset.load(snakemake.input.data))
