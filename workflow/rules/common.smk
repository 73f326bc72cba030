# The configuration, checked before anything else; paths; what each rule's one parameter holds.

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
if not (WORKFLOW / "sparsetopo").is_dir():
    raise WorkflowError(
        f"sparsetopo: its rules were fetched from {workflow.current_basedir}, but their scripts need the library beside them; clone the "
        "repository and name the clone's Snakefile (docs/module.md)."
    )
sys.path.insert(0, str(WORKFLOW))

import sparsetopo
from sparsetopo.config import (
    JobResources,
    Specifications,
    cells,
    dense_cells,
    load_configuration,
)
from sparsetopo.config.layout import BASELINE, NETWORK, SCORED
from sparsetopo.config.stage_code import stage_code
from sparsetopo.errors import ConfigurationError
from sparsetopo.files import canonical_json

# Two modules of two clones: Python imports a package once, so one's rules would be checked by the other's library.
if not Path(sparsetopo.__file__).samefile(WORKFLOW / "sparsetopo/__init__.py"):
    raise WorkflowError(
        f"sparsetopo: the library was imported from {Path(sparsetopo.__file__).parents[1]} already, but these rules are "
        f"those of {WORKFLOW}; let all modules of one workflow name the Snakefile of one clone."
    )
# Imported by another workflow, whose run it then is: that workflow's handlers, report text and locks count.
IS_MODULE = not WORKFLOW.parent.joinpath("Snakefile").samefile(workflow.main_snakefile)

try:
    CONFIGURATION = load_configuration(config)
except ConfigurationError as error:
    raise WorkflowError(
        "The configuration is invalid:\n" + "\n".join(f"  {problem}" for problem in error.problems)
    )

# Values of --config come as text; what scripts read of the machine (device, data folder) is the checked section.
config["compute"] = CONFIGURATION.compute.model_dump()
SPECIFICATIONS = Specifications(CONFIGURATION)
JOBS = JobResources(CONFIGURATION)
ROOT = f"results/{CONFIGURATION.study}"
TRAINED_WEIGHTS_ARE_READ = CONFIGURATION.topometrics.weights == "trained"
RELEASED = CONFIGURATION.published
NETWORKS_ARE_TRAINED = CONFIGURATION.accuracies == "trained" and RELEASED is None
CHECKS = CONFIGURATION.analysis.checks
KEEP = CONFIGURATION.keep


wildcard_constraints:
    dataset=r"[^/]+",
    architecture=r"[^/]+",
    algorithm=r"[^/]+",
    sparsity=r"0\.\d+",
    seed=r"\d+",


CELLS = [] if RELEASED else list(cells(CONFIGURATION))
BASELINES = [] if RELEASED else list(dense_cells(CONFIGURATION))


def of_cells(pattern):
    """Paths of a pattern for every cell of the grid; none if the authors' released results are analysed."""
    return [f"{ROOT}/{pattern}".format(**vars(cell)) for cell in CELLS]


def of_baselines(pattern):
    """Paths of a pattern for every dense baseline; likewise."""
    return [
        f"{ROOT}/{pattern}".format(dataset=dataset, architecture=architecture, seed=seed)
        for dataset, architecture, seed in BASELINES
    ]


def of_pairs(pattern):
    """Paths of a pattern for every (data set, architecture)."""
    return sorted(set(of_baselines(pattern)))


def weights_of(results):
    """Paths of the weights that lie beside the results of training."""
    return [path.removesuffix("json") + "safetensors" for path in results]


def kept(path, wanted):
    """The path of an output; one that Snakemake deletes once no job needs it any more, unless it is wanted."""
    return path if wanted else temp(path)


DATA = of_pairs("data/{dataset}.safetensors")
PLANS = of_pairs("plans/{dataset}/{architecture}.json")
SCORES = sorted(
    {
        f"{ROOT}/scores/{SCORED}.safetensors".format(**vars(cell))
        for cell in CELLS
        if SPECIFICATIONS.is_scored_once(cell.algorithm)
    }
)
MASKS = of_cells(f"masks/{NETWORK}.safetensors")
# With published accuracies nothing is trained.
DENSE_RESULTS = of_baselines(f"dense/{BASELINE}.json") if NETWORKS_ARE_TRAINED else []
DENSE_WEIGHTS = weights_of(DENSE_RESULTS) if KEEP.dense_weights else []
TRAINING_RESULTS = of_cells(f"trained/{NETWORK}.json") if NETWORKS_ARE_TRAINED else []
TRAINED = weights_of(TRAINING_RESULTS) if KEEP.trained_weights else []
MGES = of_cells(f"mges/{NETWORK}.safetensors")
# Weights that are not kept must have been read before they are deleted, or they would be trained a second time.
READERS_OF_TRAINED = MGES if TRAINED_WEIGHTS_ARE_READ and not KEEP.trained_weights else []
TOPOMETRICS = of_cells(f"topometrics/{NETWORK}.json")
LAYERS_ARE_MEASURED = CONFIGURATION.layers.measure
LAYERS = of_cells(f"layers/{NETWORK}.json") if LAYERS_ARE_MEASURED else []


# Computed once a parse, not once a job.
CODE = stage_code(WORKFLOW / "scripts")


def own_file(wildcards):
    """A user's own file of arrays, so that an edit of it is noticed. If it is missing, the job says so."""
    path = os.path.expanduser(SPECIFICATIONS.dataset(wildcards.dataset).options.get("file", ""))
    # Local: a module's prefix is for what the workflow writes.
    return local(path) if os.path.isfile(path) else []


def scores_or_data(wildcards):
    """What a mask is made from."""
    if SPECIFICATIONS.is_scored_once(wildcards.algorithm):
        return {"scores": f"{ROOT}/scores/{SCORED}.safetensors".format(**wildcards)}
    return {"data": f"{ROOT}/data/{wildcards.dataset}.safetensors"}


def gpus_to_prune(wildcards):
    """Selecting from scores, and drawing at random, needs none."""
    return JOBS.gpu("prune") if SPECIFICATIONS.prunes_on_the_device(wildcards.algorithm) else 0


def trained_weights(wildcards):
    """The weights file, unless the graphs carry the initial weights (which follow from the seed)."""
    return f"{ROOT}/trained/{NETWORK}.safetensors" if TRAINED_WEIGHTS_ARE_READ else []


def memory(rule):
    """MB that a rule's jobs ask for, as a function of the job."""
    return lambda wildcards, attempt: JOBS.mem_mb(rule, dict(wildcards), attempt)


def minutes(rule):
    """Time limit of a rule's jobs, as a function of the job."""
    return lambda wildcards, attempt: JOBS.runtime(rule, dict(wildcards), attempt)


def figure(name):
    """The figure's SVG, marked for Snakemake's report."""
    return report(
        f"{ROOT}/figures/{name}.svg",
        category="Figures",
        caption=f"../report/{name}_figure.rst",
        labels={"figure": name},
    )


def table(name):
    """A table, marked for Snakemake's report."""
    return report(
        f"{ROOT}/tables/{name}.csv",
        category="Tables",
        caption=f"../report/{name}.rst",
        labels={"table": name},
    )


def of_stage(stage):
    """The one parameter of an analysis."""
    return lambda wildcards: canonical_json(SPECIFICATIONS.analysis(stage) | CODE[stage])


def known_since(wildcards):
    """An empty file as old as Snakemake's own notes on this study, which tables are made from.

    Where the notes are missing (`.snakemake` was deleted, the results were copied here) Snakemake would take all
    results for good. They are older than this file then, so the tables are made anew, and `collect` checks the rest.
    """
    path = Path(f".snakemake/sparsetopo.{CONFIGURATION.study}.since")
    networks = (rules.released if RELEASED else rules.collect).output.networks
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.touch()
    elif (
        workflow.is_main_process
        and os.path.exists(networks)
        and workflow.persistence.metadata(networks) is None
    ):
        path.touch()
    # Local: a module's prefix is for what the workflow writes.
    return local(str(path))
