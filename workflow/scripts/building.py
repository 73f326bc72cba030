"""What the scripts that need an architecture share: building it for the cell's data set."""


def built_network(snakemake, specification):
    """The architecture of a specification, built for its data set, with the weights that its code gives it."""
    from sparsetopo.architectures import build
    from sparsetopo.architectures.references import require_version
    from sparsetopo.datasets.facts import DatasetFacts

    source = specification.get("architecture_source", specification["architecture"])
    require_version(source, specification["architecture_version"])
    facts = DatasetFacts.load(snakemake.input.data)
    options = specification.get("architecture_options", {})
    return build(source, facts.input_shape, facts.classes, options)
