"""The jobs of a study, known from its configuration alone: a file or two of each, and its log."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from sparsetopo.config.expected_results import ExpectedResult
from sparsetopo.config.layout import cells
from sparsetopo.config.schema import Configuration
from sparsetopo.config.stages import StageName

_PAPER_NETWORKS = 1260


@dataclass(frozen=True)
class Job:
    """One job of a study; paths are below results/<study>/."""

    stage: StageName
    cell: dict[str, str]
    files: tuple[str, ...]  # it is done when all of them are there
    log: str
    reads: tuple[StageName, ...] = ()  # of a job of tables: the stages whose results it reads


def study_jobs(configuration: Configuration, expected: Iterable[ExpectedResult]) -> list[Job]:
    """Every job of a study, in the order of the stages.

    Parameters
    ----------
    configuration
        That of the study.
    expected
        Its `expected_results`: those of the stages before the tables, which have many jobs each.
    """
    found: dict[str, Job] = {}
    for result in expected:
        cell = PurePosixPath(*PurePosixPath(result.path).with_suffix(".log").parts[1:])
        log = f"logs/{result.stage}/{cell}"
        files = found[log].files if log in found else ()
        found[log] = Job(result.stage, result.cell, (*files, result.path), log)
    return [*found.values(), *_single_jobs(configuration)]


def _single_jobs(configuration: Configuration) -> Iterator[Job]:
    """The stages that have one job."""
    for stage, file, reads in _single_files(configuration):
        yield Job(stage, {}, (file,), f"logs/{stage}.log", reads)


def _single_files(
    configuration: Configuration,
) -> Iterator[tuple[StageName, str, tuple[StageName, ...]]]:
    """The stages that have one job, with one of its files (a job that fails leaves none) and the stages it reads."""
    tables: list[StageName]
    if configuration.published is not None:
        yield "released", "tables/networks.json", ()
        tables, has_layers = ["released"], True
    else:
        yield "collect", "tables/networks.json", ("dense", "prune", "train", "topometrics")
        tables, has_layers = ["collect"], configuration.layers.measure
        if has_layers:
            yield "collect_layers", "tables/layers.json", ("topometrics",)
            tables.append("collect_layers")
    analyses: list[StageName] = ["prediction", "regression"]
    if configuration.analysis.checks:
        analyses += ["regression_uncertainty", "families"]
    analyses.append("importance")
    if has_layers:
        analyses.append("ramanujan")
    analyses.append("ranking")
    for stage in analyses:
        yield stage, f"tables/{stage}.json", tuple(tables)
    yield "report", "index.html", tuple(analyses)
    # The paper's tables are of all its networks.
    if configuration.published is not None and len(list(cells(configuration))) == _PAPER_NETWORKS:
        yield "comparison", "comparison.html", (*analyses, "report")
