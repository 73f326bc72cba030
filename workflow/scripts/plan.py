"""Rule `plan`: the wiring of an architecture at the shape of a data set."""

from building import built_network
from job import run_job


def work(snakemake, specification):
    from sparsetopo.datasets.facts import DatasetFacts
    from sparsetopo.errors import EncodingError
    from sparsetopo.graphs import trace

    model = built_network(snakemake, specification)
    facts = DatasetFacts.load(snakemake.input.data)
    if "architecture_source" in specification:
        from sparsetopo.architectures.foreign import require_logits

        source = specification["architecture_source"]
        require_logits(model, source, facts.input_shape, facts.classes)
    attention = {key: specification[key] for key in ("attention",) if key in specification}
    plan = trace(
        model,
        facts.input_shape,
        identity_shortcuts=specification["identity_shortcuts"],
        **attention,
    )
    if plan.computed:
        raise EncodingError(
            f"architecture {specification['architecture']}: its forward pass computes the weight "
            f"'{plan.computed[0]}' from parameters, so that masks and weights alone do not make its graph; encode such "
            "a network with sparsetopo.encode, or give the layer a plain weight."
        )
    plan.save(snakemake.output[0], specification)


run_job(snakemake, work)  # noqa: F821
