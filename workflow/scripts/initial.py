"""Rule `initial`: the weights that a network outside the registry starts from, as its own code draws them."""

from building import built_network
from job import record_of, run_job


def work(snakemake, specification):
    import random

    import numpy as np
    import torch

    from sparsetopo import seeding
    from sparsetopo.networks.initial_file import save_initial
    from sparsetopo.networks.random_state import seed_torch

    purpose = {"scored": "initial weights", "redrawn": "redrawn weights"}[specification["weights"]]
    labels = (specification["dataset"], specification["architecture"], specification["seed"])
    stream = seeding.generator(purpose, *labels)
    # Nobody knows which of the three a network's code draws from.
    seed_torch([torch.zeros(1)], stream)
    np.random.seed(int(stream.integers(2**32)))  # noqa: NPY002
    random.seed(int(stream.integers(2**32)))
    model = built_network(snakemake, specification)
    save_initial(snakemake.output[0], model, record_of(snakemake, specification))


run_job(snakemake, work)  # noqa: F821
