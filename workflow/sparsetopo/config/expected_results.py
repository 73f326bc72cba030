"""What the files of a study's stages must have been made from, as its configuration stands now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sparsetopo.config.layout import BASELINE, INITIAL, NETWORK, SCORED, cells
from sparsetopo.config.schema import Configuration
from sparsetopo.config.specifications import Specifications
from sparsetopo.config.stages import StageName

# Files of the stages before the tables, in the order of the stages. Trained weights are not listed: the same job
# writes their result, with the same record.
FILES: tuple[tuple[StageName, str], ...] = (
    ("data", "data/{dataset}.safetensors"),
    ("plan", "plans/{dataset}/{architecture}.json"),
    ("initial", f"initial/{INITIAL}.safetensors"),
    ("dense", f"dense/{BASELINE}.json"),
    ("score", f"scores/{SCORED}.safetensors"),
    ("prune", f"masks/{NETWORK}.safetensors"),
    ("train", f"trained/{NETWORK}.json"),
    ("encode", f"mges/{NETWORK}.safetensors"),
    ("topometrics", f"topometrics/{NETWORK}.json"),
    ("topometrics", f"layers/{NETWORK}.json"),
)


@dataclass(frozen=True)
class ExpectedResult:
    """One file below results/<study>/, the stage that makes it, and the specification that it must carry."""

    path: str
    stage: StageName
    specification: dict[str, Any]
    cell: dict[str, str]  # its part of the grid


def expected_results(
    configuration: Configuration, code: Mapping[str, Mapping[str, str]]
) -> Iterator[ExpectedResult]:
    """Every file of the stages before the tables, once, in the order of the stages.

    The study must compute its networks, not read those that the authors released. `code` is that of `stage_code`.
    """
    specifications = Specifications(configuration, code)
    trained = configuration.accuracies == "trained"
    networks = [
        {key: str(value) for key, value in vars(cell).items()} for cell in cells(configuration)
    ]
    for stage, pattern in FILES:
        if stage in ("dense", "train") and not trained:
            continue
        if pattern.startswith("layers/") and not configuration.layers.measure:
            continue
        seen: set[str] = set()
        for network in _with_weights(networks, specifications) if stage == "initial" else networks:
            path = pattern.format(**network)
            scored = stage != "score" or specifications.is_scored_once(network["algorithm"])
            if path in seen or not scored:
                continue
            seen.add(path)
            cell = {axis: value for axis, value in network.items() if f"{{{axis}}}" in pattern}
            record = specifications.of(stage, cell)
            # Data sets and plans carry no cell.
            if stage not in ("data", "plan"):
                record = {**record, "cell": cell}
            yield ExpectedResult(path, stage, record, cell)


def _with_weights(
    networks: list[dict[str, str]], specifications: Specifications
) -> Iterator[dict[str, str]]:
    """Networks outside the registry, once for each kind of initial weights that they are given in files."""
    for network in networks:
        for weights in specifications.initial_weights(
            network["architecture"], network["algorithm"]
        ):
            yield {**network, "weights": weights}
