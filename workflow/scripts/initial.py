"""Rule `initial`: the weights that a network outside the registry starts from, as its own code draws them."""

from building import built_network
from job import record_of, run_job


def work(snakemake, specification):
    from sparsetopo.networks.initial_file import save_initial

    purpose = {"scored": "initial weights", "redrawn": "redrawn weights"}[specification["weights"]]
    model = built_network(snakemake, specification, purpose)
    save_initial(snakemake.output[0], model, record_of(snakemake, specification))


run_job(snakemake, work)  # noqa: F821
