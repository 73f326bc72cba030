"""The table of stages: what each one runs, reads and asks for.

A stage has one name: of its rule and its script, of its folders of logs and benchmarks, of its key under `resources`,
and of the record that its results carry. There is one exception: `dense` and `train` do the same, without and with a
mask, so they share the script `train.py` and the record `train`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sparsetopo.sources import source_digest

StageName = Literal[
    "data",
    "plan",
    "initial",
    "dense",
    "score",
    "prune",
    "train",
    "encode",
    "topometrics",
    "collect",
    "collect_layers",
    "released",
    "prediction",
    "regression",
    "regression_uncertainty",
    "families",
    "importance",
    "ramanujan",
    "ranking",
    "comparison",
    "report",
]

# Versions of the expensive stages, raised by hand when their results change (a test compares their sources). The other
# stages carry a digest of their sources instead, so that every edit runs them again.
STAGE_VERSIONS = {"data": 1, "plan": 2, "initial": 1, "score": 1, "prune": 2, "train": 2}


@dataclass(frozen=True)
class Stage:
    """What is known of a stage apart from its inputs and outputs, which its rule declares.

    Facts are known by their content and are no inputs: a clone that was moved, or a frozen copy of it, gives the same
    results.
    """

    # Parts of the library that it runs, besides its script; empty for a stage with a version.
    sources: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ("job.py",)  # modules beside its script that this imports
    facts: tuple[str, ...] = ()  # files of the workflow that it reads: patterns below the clone
    settings: tuple[str, ...] | None = None  # keys of `analysis` it reads; None: it is no analysis
    is_threaded: bool = False  # whether its jobs compute on several threads
    uses_gpu: bool = False  # whether its jobs compute on `compute.device`


_GRAPHS = ("graphs", "files.py", "bits.py", "networks/masks.py")
_WEIGHTS = (
    "networks/initial_weights.py",
    "networks/initial_file.py",
    "seeding.py",
    "pruning/mask.py",
    "pruning/mask_file.py",
    "pruning/layer_arrays.py",
    "training/save.py",
    "training/sparse_weights.py",
)
_ANALYSIS = ("analysis", "files.py", "seeding.py", "metrics/registry.py", "metrics/primitives.py")
_ON_DEVICE = Stage(is_threaded=True, uses_gpu=True)


def _tables(
    *facts: str, settings: tuple[str, ...] | None = None, plots: tuple[str, ...] = ()
) -> Stage:
    """A stage that makes tables of tables."""
    scripts = ("job.py", "study.py", "record.py")
    return Stage((*_ANALYSIS, *plots), scripts, facts, settings)


STAGES: dict[StageName, Stage] = {
    "data": Stage(),
    "plan": Stage(),
    "initial": Stage(),
    "dense": _ON_DEVICE,
    "score": _ON_DEVICE,
    "prune": _ON_DEVICE,
    "train": _ON_DEVICE,
    "encode": Stage(sources=(*_GRAPHS, *_WEIGHTS)),
    "topometrics": Stage(
        (*_GRAPHS, "metrics", "layers", "seeding.py", "locks.py"), is_threaded=True
    ),
    "collect": _tables("resources/paper/accuracies.csv"),
    "collect_layers": _tables(),
    "released": _tables("resources/paper/accuracies.csv"),
    "prediction": _tables(settings=("folds", "prediction_repeats", "resamples", "seed")),
    "regression": _tables(
        settings=("folds", "repeats", "check_repeats", "scaling", "seed", "checks")
    ),
    "regression_uncertainty": _tables(
        settings=(
            *("folds", "scaling", "seed", "checks"),
            *("permutations", "mean_permutations", "resamples"),
        )
    ),
    "families": _tables(settings=("folds", "check_repeats", "scaling", "seed")),
    "importance": _tables(settings=()),
    "ramanujan": _tables(settings=()),
    "ranking": _tables(settings=("checks", "ranking_permutations", "resamples", "seed")),
    "comparison": _tables(
        *("resources/paper/regression.csv", "resources/paper/ranking_*.csv"),
        settings=("seed",),
        plots=("plots",),
    ),
    "report": _tables(
        *("workflow/report/*.rst", "resources/paper/regression.csv"),
        "workflow/sparsetopo/plots/pages/templates/*",
        plots=("graphs", "bits.py", "networks/masks.py", "metrics/implicit/degrees.py", "plots"),
    ),
}


def stage_sources(stage: StageName, scripts: Path) -> list[str | Path]:
    """Files and folders that the digest of a stage covers; relative ones lie in the library, scripts in `scripts`."""
    folder, known = scripts.resolve(), STAGES[stage]
    own = (folder / name for name in (f"{stage}.py", *known.scripts))
    facts = (path for pattern in known.facts for path in folder.parents[1].glob(pattern))
    return [*known.sources, *own, *facts]


def stage_code(scripts: Path) -> dict[str, dict[str, str]]:
    """What each stage without a version adds to its record: ``{"code": digest of its sources}``."""
    return {
        name: {"code": source_digest(*stage_sources(name, scripts))}
        for name, stage in STAGES.items()
        if stage.sources
    }
