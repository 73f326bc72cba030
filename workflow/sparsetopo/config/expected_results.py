"""What the files of a study's stages must have been made from, as its configuration stands now."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sparsetopo.config.cells import Cell, cells, dense_cells
from sparsetopo.config.layout import BASELINE, NETWORK, SCORED
from sparsetopo.config.schema import Configuration, RuleName
from sparsetopo.config.specifications import Specifications

Code = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class ExpectedResult:
    """One file below results/<study>/, the rule that makes it, and the specification it must carry."""

    path: str
    rule: RuleName
    specification: dict[str, Any]


def expected_results(configuration: Configuration, code: Code) -> Iterator[ExpectedResult]:
    """Every file of the stages before the tables, once, in the order of the stages.

    Trained weights are not listed: the same job writes their result, with the same record.

    Parameters
    ----------
    configuration
        Of a study that computes its networks (not one of the authors' released results).
    code
        Digests of the cheap stages; see `stage_code`.
    """
    specifications = Specifications(configuration)
    yield from _shared(configuration, specifications)
    if configuration.accuracies == "trained":
        yield from _baselines(configuration, specifications)
    yield from _scores(configuration, specifications)
    for pattern, rule, record in _stages_of_networks(configuration, specifications, code):
        for cell in cells(configuration):
            yield _of_cell(pattern, rule, record(cell), vars(cell))


def _stages_of_networks(
    configuration: Configuration, specifications: Specifications, code: Code
) -> Iterator[tuple[str, RuleName, Callable[[Cell], dict[str, Any]]]]:
    """Stages with a file a network: where it lies, the rule, and the record of a cell."""
    yield f"masks/{NETWORK}.safetensors", "prune", lambda cell: specifications.prune(**vars(cell))
    if configuration.accuracies == "trained":
        yield (
            f"trained/{NETWORK}.json",
            "train",
            lambda cell: specifications.train(
                cell.dataset, cell.architecture, cell.seed, cell.algorithm
            ),
        )
    yield (
        f"mges/{NETWORK}.safetensors",
        "encode",
        lambda cell: (
            specifications.encode(cell.dataset, cell.architecture, cell.algorithm, cell.seed)
            | dict(code["encode"])
        ),
    )
    measured = specifications.topometrics() | dict(code["topometrics"])
    for folder in ("topometrics", "layers") if configuration.layers.measure else ("topometrics",):
        yield f"{folder}/{NETWORK}.json", "measure", lambda cell: measured


def _shared(
    configuration: Configuration, specifications: Specifications
) -> Iterator[ExpectedResult]:
    """Data sets and plans, which carry no cell."""
    grid = configuration.grid
    for dataset in grid.datasets:
        record = specifications.data(dataset)
        yield ExpectedResult(f"data/{dataset}.safetensors", "prepare", record)
    for dataset in grid.datasets:
        for architecture in grid.architectures:
            record = specifications.plan(dataset, architecture)
            yield ExpectedResult(f"plans/{dataset}/{architecture}.json", "plan", record)


def _baselines(
    configuration: Configuration, specifications: Specifications
) -> Iterator[ExpectedResult]:
    for dataset, architecture, seed in dense_cells(configuration):
        record = specifications.train(dataset, architecture, seed)
        cell = {"dataset": dataset, "architecture": architecture, "seed": seed}
        yield _of_cell(f"dense/{BASELINE}.json", "train_dense", record, cell)


def _scores(
    configuration: Configuration, specifications: Specifications
) -> Iterator[ExpectedResult]:
    """Scores, each of which serves every sparsity."""
    sparsity = configuration.grid.sparsities[0]
    for network in cells(configuration):
        if network.sparsity == sparsity and specifications.is_scored_once(network.algorithm):
            cell = {key: value for key, value in vars(network).items() if key != "sparsity"}
            record = specifications.score(**cell)
            yield _of_cell(f"scores/{SCORED}.safetensors", "score", record, cell)


def _of_cell(
    pattern: str, rule: RuleName, record: dict[str, Any], cell: Mapping[str, Any]
) -> ExpectedResult:
    wildcards = {key: str(value) for key, value in cell.items()}
    return ExpectedResult(pattern.format(**wildcards), rule, {**record, "cell": wildcards})
