# The configuration, checked before anything else; paths; what each rule's one parameter holds.

import os
import sys
from pathlib import Path

WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).parent
sys.path.insert(0, str(WORKFLOW))

from snakemake.exceptions import WorkflowError

from sparsetopo.config import (
    JobResources,
    Specifications,
    cells,
    dense_cells,
    load_configuration,
)
from sparsetopo.errors import ConfigurationError
from sparsetopo.files import canonical_json
from sparsetopo.sources import source_digest

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
NETWORK = "{dataset}/{architecture}/{algorithm}/{sparsity}/seed-{seed}"
BASELINE = "{dataset}/{architecture}/seed-{seed}"
SCORED = "{dataset}/{architecture}/{algorithm}/seed-{seed}"
TRAINED_WEIGHTS_ARE_READ = CONFIGURATION.topometrics.weights == "trained"
RELEASED = CONFIGURATION.published
NETWORKS_ARE_TRAINED = CONFIGURATION.accuracies == "trained" and RELEASED is None
CHECKS = CONFIGURATION.analysis.checks


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
DENSE = DENSE_RESULTS + [path.removesuffix("json") + "safetensors" for path in DENSE_RESULTS]
TRAINING_RESULTS = of_cells(f"trained/{NETWORK}.json") if NETWORKS_ARE_TRAINED else []
TRAINED = [path.removesuffix("json") + "safetensors" for path in TRAINING_RESULTS]
MGES = of_cells(f"mges/{NETWORK}.safetensors")
TOPOMETRICS = of_cells(f"topometrics/{NETWORK}.json")
LAYERS_ARE_MEASURED = CONFIGURATION.layers.measure
LAYERS = of_cells(f"layers/{NETWORK}.json") if LAYERS_ARE_MEASURED else []


def code(script, *sources):
    """Digest of a cheap stage's script and of the parts of the library it runs."""
    return {
        "code": source_digest(
            *sources, *(WORKFLOW / "scripts" / name for name in (script, "job.py", "study.py"))
        )
    }


WEIGHT_SOURCES = (
    "architectures/_initial.py",
    "seeding.py",
    "pruning/mask.py",
    "pruning/layer_arrays.py",
    "training/save.py",
)
GRAPH_SOURCES = ("graphs", "files.py")
METRIC_SOURCES = (*GRAPH_SOURCES, "topometrics", "layers")
ANALYSIS_SOURCES = ("analysis", "files.py", "seeding.py", "topometrics/_registry.py")
# Computed once a parse, not once a job.
CODE = {
    "encode": code("encode.py", *GRAPH_SOURCES, *WEIGHT_SOURCES),
    "topometrics": code("topometrics.py", *METRIC_SOURCES),
    "collect": code("collect.py", *ANALYSIS_SOURCES),
    "collect_layers": code("collect_layers.py", *ANALYSIS_SOURCES),
    **{
        name: code(f"{name}.py", *ANALYSIS_SOURCES)
        for name in (
            *("regression", "regression_uncertainty", "families", "importance"),
            *("ramanujan", "ranking", "released"),
        )
    },
    "comparison": code("comparison.py", *ANALYSIS_SOURCES, "plots"),
    "report": code("report.py", *ANALYSIS_SOURCES, "graphs", "plots"),
}


def own_file(wildcards):
    """A user's own file of arrays, so that an edit of it is noticed. If it is missing, the job says so."""
    path = os.path.expanduser(SPECIFICATIONS.dataset(wildcards.dataset).options.get("file", ""))
    return path if os.path.isfile(path) else []


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


def published_accuracies(wildcards):
    """The paper's accuracies, where they stand in for training."""
    return [] if NETWORKS_ARE_TRAINED else str(WORKFLOW.parent / "resources/paper/accuracies.csv")


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


def hold_run_lock():
    """Hold a shared lock on the working directory for the life of this process.

    It proves that a Snakemake is alive here: `workflow/run.py` clears what a killed one left only if nobody holds it.
    Job processes do not inherit it.
    """
    import fcntl

    os.makedirs(".snakemake", exist_ok=True)
    handle = open(".snakemake/sparsetopo.lock", "a")
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        pass  # `run.py` is clearing the directory this very moment, or the file system has no locks
    return handle


RUN_LOCK = hold_run_lock()
