"""What the scripts that need an architecture share: building it for the cell's data set."""


def built_network(snakemake, specification, purpose="initial weights"):
    """The architecture of a specification, built for its data set, with the weights that its code gives it.

    The code of a network that is not ours may draw what no file of weights holds (a fixed permutation, random
    features), so every job of a cell builds it from the same random numbers.
    """
    import random

    import numpy as np
    import torch

    from sparsetopo import seeding
    from sparsetopo.architectures import build
    from sparsetopo.architectures.references import require_version
    from sparsetopo.datasets.facts import DatasetFacts
    from sparsetopo.networks.random_state import seed_torch

    source = specification.get("architecture_source", specification["architecture"])
    require_version(source, specification["architecture_version"])
    facts = DatasetFacts.load(snakemake.input.data)
    options = specification.get("architecture_options", {})
    # A plan is made once for all seeds.
    labels = (specification["dataset"], specification["architecture"], specification.get("seed", 0))
    stream = seeding.generator(purpose, *labels)
    # Nobody knows which of the three a network's code draws from.
    seed_torch([torch.zeros(1)], stream)
    np.random.seed(int(stream.integers(2**32)))  # noqa: NPY002
    random.seed(int(stream.integers(2**32)))
    return build(source, facts.input_shape, facts.classes, options)
