"""What the scripts that compute with a network share: the device, the network and its images."""

import contextlib

from building import built_network
from job import require_cell


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
    model = built_network(snakemake, specification)
    start_from(snakemake, specification, model, "scored")
    return model


def start_from(snakemake, specification, model, weights):
    """Set a network to its initial weights, or to the redrawn ones: drawn here, or from a file if it draws its own."""
    from sparsetopo.networks.initial_file import load_initial
    from sparsetopo.networks.initialise import initialise

    path = snakemake.input.get("initial" if weights == "scored" else "redrawn")
    if path:
        require_cell(snakemake, path, ignoring=("algorithm", "sparsity"))
        load_initial(model, path)
        return
    labels = (specification["dataset"], specification["architecture"], specification["seed"])
    initialise(model, *labels, redrawn=weights == "redrawn")


def training_images(snakemake):
    """The training part of the data set, of which a few images at a time are normalised."""
    from sparsetopo.datasets.prepared import PreparedDataset, TrainingPart

    return TrainingPart(PreparedDataset.load(snakemake.input.data))
