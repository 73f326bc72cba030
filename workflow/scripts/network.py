"""What the scripts that score a network share: the network at its initial weights, and its images."""


def initialised_network(snakemake, specification):
    """The cell's architecture at the shape of its data set, with the initial weights of its seed."""
    from sparsetopo.architectures import build
    from sparsetopo.architectures._load import initialise
    from sparsetopo.datasets._facts import DatasetFacts

    facts = DatasetFacts.load(snakemake.input.data)
    model = build(specification["architecture"], facts.input_shape, facts.classes)
    initialise(
        model, specification["dataset"], specification["architecture"], specification["seed"]
    )
    return model


def training_images(snakemake):
    """The training part of the data set, normalised a few images at a time."""
    from sparsetopo.datasets._part import TrainingPart
    from sparsetopo.datasets._prepared import PreparedDataset

    return TrainingPart(PreparedDataset.load(snakemake.input.data))
