# The configuration, checked before anything else; paths; what the rules share.

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
if not (WORKFLOW / "sparsetopo").is_dir():
    raise WorkflowError(
        f"sparsetopo: its rules come from {workflow.current_basedir}, but their scripts need the library beside them; "
        "clone the repository and name the clone's Snakefile, or name the repository as github(...) (docs/module.md)."
    )
sys.path.insert(0, str(WORKFLOW))

import sparsetopo
from sparsetopo.config import (
    JobResources,
    Specifications,
    cells,
    load_configuration,
    repeated_keys,
    require_networks_fit,
    text_problems,
)
from sparsetopo.config.layout import BASELINE, INITIAL, NETWORK, SCORED, paths_of
from sparsetopo.config.stages import STAGES, stage_code
from sparsetopo.errors import ConfigurationError
from sparsetopo.files import canonical_json

# Python imports a package only once: of two modules from two clones, one would be checked by the other's library.
if not Path(sparsetopo.__file__).samefile(WORKFLOW / "sparsetopo/__init__.py"):
    raise WorkflowError(
        f"sparsetopo: the library was already imported from {Path(sparsetopo.__file__).parents[1]}, but these rules "
        f"belong to {WORKFLOW}; let all modules of one workflow name the Snakefile of the same clone."
    )
# As a module of another workflow: then that workflow's handlers, report text and locks count.
IS_MODULE = Path(workflow.main_snakefile).exists() and not any(
    WORKFLOW.parent.joinpath(entry).samefile(workflow.main_snakefile)
    for entry in ("Snakefile", "workflow/Snakefile")
)

# The digests of the code are computed once a parse, not once a job.
try:
    if workflow.is_main_process:
        # As a module: other numbers in the file are not ours to judge.
        faults_of = repeated_keys if IS_MODULE else text_problems
        for path in workflow.configfiles:
            problems = faults_of(Path(path).read_text(encoding="utf-8"))
            if problems:
                raise ConfigurationError([f"{path}: {problem}" for problem in problems])
    CONFIGURATION = load_configuration(config)
    SPECIFICATIONS = Specifications(CONFIGURATION, stage_code(WORKFLOW / "scripts"))
    if workflow.is_main_process:
        require_networks_fit(
            CONFIGURATION, SPECIFICATIONS, Path(".snakemake/sparsetopo.networks.json")
        )
except ConfigurationError as error:
    raise WorkflowError(
        "The configuration is invalid:\n" + "\n".join(f"  {problem}" for problem in error.problems)
    )

# Values of --config are text. What scripts read about the machine (device, data folder) is the checked section.
config["compute"] = CONFIGURATION.compute.model_dump()
# What the report's captions read.
config["topometrics"] = CONFIGURATION.topometrics.model_dump()
JOBS = JobResources(CONFIGURATION)
ROOT = f"results/{CONFIGURATION.study}"
GRAPHS_ARE_TRAINED = CONFIGURATION.topometrics.main_weights == "trained"
WEIGHTS_ARE_COMPARED = CONFIGURATION.topometrics.weights_are_compared
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
    weights="scored|redrawn",


# Empty if the authors' released results are analysed.
CELLS = [] if RELEASED else list(cells(CONFIGURATION))


def of_cells(pattern):
    """Every path that a pattern stands for in the grid, each once."""
    return paths_of(f"{ROOT}/{pattern}", CELLS)


def weights_of(results):
    """Paths of the weights that lie beside the results of training."""
    return [path.removesuffix("json") + "safetensors" for path in results]


def kept(path, wanted):
    """The path of an output; one that Snakemake deletes once no job needs it any more, unless it is wanted."""
    return path if wanted else temp(path)


DATA = of_cells("data/{dataset}.safetensors")
PLANS = of_cells("plans/{dataset}/{architecture}.json")
# Of networks that are not registered: the weights of all others are drawn by the jobs that need them.
INITIALS = [
    f"{ROOT}/initial/{INITIAL}".format(weights=weights, **vars(cell)) + ".safetensors"
    for cell in CELLS
    for weights in SPECIFICATIONS.initial_weights(cell.architecture, cell.algorithm)
]
SCORES = paths_of(
    f"{ROOT}/scores/{SCORED}.safetensors",
    [cell for cell in CELLS if SPECIFICATIONS.is_scored_once(cell.algorithm)],
)
MASKS = of_cells(f"masks/{NETWORK}.safetensors")
# With published accuracies nothing is trained.
DENSE_RESULTS = of_cells(f"dense/{BASELINE}.json") if NETWORKS_ARE_TRAINED else []
DENSE_WEIGHTS = weights_of(DENSE_RESULTS) if KEEP.dense_weights else []
TRAINING_RESULTS = of_cells(f"trained/{NETWORK}.json") if NETWORKS_ARE_TRAINED else []
TRAINED = weights_of(TRAINING_RESULTS) if KEEP.trained_weights else []
MGES = of_cells(f"mges/{NETWORK}.safetensors")
# Weights that are not kept must have been read before they are deleted, or they would be trained a second time.
TOPOMETRICS = of_cells(f"topometrics/{NETWORK}.json")
TRAINED_WEIGHTS_ARE_READ = GRAPHS_ARE_TRAINED or WEIGHTS_ARE_COMPARED
READERS_OF_TRAINED = MGES if TRAINED_WEIGHTS_ARE_READ and not KEEP.trained_weights else []
LAYERS_ARE_MEASURED = CONFIGURATION.layers.measure
LAYERS = of_cells(f"layers/{NETWORK}.json") if LAYERS_ARE_MEASURED else []


def own_file(wildcards):
    """A user's own file of arrays, so that an edit of it is noticed; if it is missing, the job says so."""
    path = os.path.expanduser(SPECIFICATIONS.dataset(wildcards.dataset).options.get("file", ""))
    # Local: a module's prefix is for what the workflow writes.
    return local(path) if os.path.isfile(path) else []


def initial_weights(wildcards, weights="scored"):
    """The weights that a network starts from, if it is none of the registered ones, whose weights follow from the seed."""
    if not SPECIFICATIONS.architecture(wildcards.architecture).is_foreign:
        return []
    return f"{ROOT}/initial/{INITIAL}.safetensors".format(**{**wildcards, "weights": weights})


def redrawn_weights(wildcards):
    """The weights that a masked network is trained from instead of those that were scored, if there is such a file."""
    if SPECIFICATIONS.train_weights(wildcards.algorithm) == "scored":
        return []
    return initial_weights(wildcards, "redrawn")


def scores_or_data(wildcards):
    """What a mask is made from: the scores that all sparsities share, or the data set."""
    if SPECIFICATIONS.is_scored_once(wildcards.algorithm):
        return {"scores": f"{ROOT}/scores/{SCORED}.safetensors".format(**wildcards)}
    return {
        "data": f"{ROOT}/data/{wildcards.dataset}.safetensors",
        "initial": initial_weights(wildcards),
    }


def weights_of_graph(wildcards):
    """The file of the weights that a graph carries, unless they follow from the seed."""
    if GRAPHS_ARE_TRAINED:
        return f"{ROOT}/trained/{NETWORK}.safetensors"
    return initial_weights(wildcards, SPECIFICATIONS.train_weights(wildcards.algorithm))


def reads(stage):
    """The parameter that re-runs a stage's jobs: what it reads of the configuration, as canonical JSON."""
    return lambda wildcards: canonical_json(SPECIFICATIONS.of(stage, dict(wildcards)))


def asks_for(stage):
    """The resources of a stage's jobs, as functions of the job: memory in MB, minutes, GPUs."""
    asked = {
        "mem_mb": lambda wildcards, attempt: JOBS.mem_mb(stage, dict(wildcards), attempt),
        "runtime": lambda wildcards, attempt: JOBS.runtime(stage, dict(wildcards), attempt),
    }
    if STAGES[stage].uses_gpu:
        asked["gpu"] = lambda wildcards: JOBS.gpu(stage, dict(wildcards))
    return asked


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


def metadata_sentinel(wildcards):
    """An empty file as old as Snakemake's metadata of this study; the tables take it as an input.

    Where the metadata are missing (`.snakemake` was deleted, or the results were copied here) Snakemake would take
    every result for current. The results are then older than this file, so the tables are made anew, and `collect`
    checks all others.
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
