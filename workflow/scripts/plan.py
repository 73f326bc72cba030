"""Rule `plan`: the wiring of an architecture at the shape of a data set."""

from job import run_job


def work(snakemake, specification):
    from sparsetopo.architectures import build
    from sparsetopo.datasets.facts import DatasetFacts
    from sparsetopo.graphs import trace

    facts = DatasetFacts.load(snakemake.input.data)
    model = build(specification["architecture"], facts.input_shape, facts.classes)
    plan = trace(model, facts.input_shape, identity_shortcuts=specification["identity_shortcuts"])
    plan.save(snakemake.output[0], specification)


run_job(snakemake, work)  # noqa: F821
