"""Digests of the code of the cheap stages: an edit of it runs them again, without a version that is raised by hand."""

from pathlib import Path

from sparsetopo.sources import source_digest

_WEIGHTS = (
    "networks/initial_weights.py",
    "seeding.py",
    "pruning/mask.py",
    "pruning/mask_file.py",
    "pruning/layer_arrays.py",
    "training/save.py",
    "training/sparse_weights.py",
)
_GRAPHS = ("graphs", "files.py", "bits.py")
_METRICS = (*_GRAPHS, "metrics", "layers", "seeding.py")
_ANALYSIS = ("analysis", "files.py", "seeding.py", "metrics/registry.py", "metrics/primitives.py")
_TABLE_SCRIPTS = ("study.py", "record.py")
# Parts of the library that a stage runs, besides its script of the same name.
_SOURCES = {
    "encode": (*_GRAPHS, *_WEIGHTS),
    "topometrics": _METRICS,
    **dict.fromkeys(
        (
            *("collect", "collect_layers", "released"),
            *("regression", "regression_uncertainty", "families"),
            *("importance", "ramanujan", "ranking"),
        ),
        _ANALYSIS,
    ),
    "comparison": (*_ANALYSIS, "plots"),
    "report": (*_ANALYSIS, "graphs", "bits.py", "plots"),
}
# What comes with the workflow is known by its content, not as an input by its path: a clone that was moved, or a frozen
# copy of it (docs/frozen-copy.md), gives the same results. Patterns below the clone.
_FACTS = {
    "collect": ("resources/paper/accuracies.csv",),
    "released": ("resources/paper/accuracies.csv",),
    "comparison": ("resources/paper/regression.csv", "resources/paper/ranking_*.csv"),
    "report": ("workflow/report/*.rst",),
}


def stage_sources(stage: str, scripts: Path) -> list[str | Path]:
    """Files and folders that a cheap stage's digest covers; relative ones lie in the library."""
    folder = scripts.resolve()
    shared = ("job.py", *(_TABLE_SCRIPTS if "analysis" in _SOURCES[stage] else ()))
    own = (folder / name for name in (f"{stage}.py", *shared))
    facts = (path for pattern in _FACTS.get(stage, ()) for path in folder.parents[1].glob(pattern))
    return [*_SOURCES[stage], *own, *facts]


def stage_code(scripts: Path) -> dict[str, dict[str, str]]:
    """What each cheap stage adds to the record of what it reads (`Specifications`): ``{"code": digest}``.

    Parameters
    ----------
    scripts
        Folder of the rules' scripts.
    """
    return {stage: {"code": source_digest(*stage_sources(stage, scripts))} for stage in _SOURCES}
