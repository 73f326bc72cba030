"""Find and read the authors' released files, in either of two layouts (`LAYOUTS`).

In their repository (github.com/eliacunegatti/mge-snn) there is a file for each data set and architecture under
``graph_metrics/rolled``, ``graph_metrics/rolled_channel`` and ``ramanunjan_results`` (sic), beside
``graph_metrics/unrolled/unrolled.csv``. Both layouts give the same four tables, with the columns of the tidied files.
The Ramanujan files of the repository do not name the pruning algorithm. It is found in the rolled files: a network
there must have the same data set, architecture, sparsity, seed, accuracy, and weights in each layer.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path

import numpy as np
import pandas as pd

from sparsetopo.analysis.paper.released_checksums import (
    CHECKSUMS,
    read_checksums,
    require_checksum,
)
from sparsetopo.analysis.paper.released_columns import (
    ARCHITECTURES,
    DATASETS,
    REPOSITORY_LAYER_COLUMNS,
    TABLES,
    tidied_columns,
)
from sparsetopo.analysis.tables.paper_grid import ALGORITHMS
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.resources import RESOURCES

LAYOUTS = (
    "either the tidied files unrolled.csv, rolled.csv, rolled_channel.csv and ramanujan.csv (or .csv.xz), "
    "in it or in its published/, or graph_data/ of the authors' repository (github.com/eliacunegatti/mge-snn)"
)
RELEASED_FOLDER = RESOURCES / "released"
"""The tidied files that this repository carries."""
_SUFFIXES = (".csv", ".csv.xz")
_TEXT = {"pruning", "pruning_algorithm", "dataset", "model", "layer_name"}
_NETWORK = ["dataset", "model", "sparsity", "seed", "accuracy"]


@dataclass(frozen=True)
class ReleasedFiles:
    """The four tables (`released_columns.TABLES`) as released, with the tidied columns.

    Messages name the file or folder of each (`names`); the notes say what could not be used.
    """

    tables: dict[str, pd.DataFrame]
    names: dict[str, str]
    notes: list[str]


def read_files(folder: str | os.PathLike[str]) -> ReleasedFiles:
    """Read whichever layout the folder has (the tidied one if it has both).

    Tidied files that have checksums beside them, as those of this repository must, are compared with these first.

    Raises
    ------
    DataError
        If the folder is missing, has neither layout, or a Ramanujan file cannot be joined.
    FileFormatError
        If a file or a column of the layout is missing, a file is not CSV, or it is not that of its checksum.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder; the released results need {LAYOUTS}.")
    for candidate in (root, root / "published"):
        if _is_tidied(candidate):
            return _read_tidied(candidate)
    for candidate in (root / "graph_data", root):
        if (candidate / "graph_metrics").is_dir() or (candidate / "ramanunjan_results").is_dir():
            return _read_repository(candidate)
    raise DataError(f"{root}: holds no released results; they are {LAYOUTS}.")


def _is_tidied(folder: Path) -> bool:
    return _must_be_checked(folder) or any(_tidied(folder, name) for name in TABLES)


def _must_be_checked(folder: Path) -> bool:
    """Whether the folder has checksums, or is that of this repository, which must have them."""
    return (folder / CHECKSUMS).exists() or folder.resolve() == RELEASED_FOLDER.resolve()


def _tidied(folder: Path, name: str) -> Path | None:
    for suffix in _SUFFIXES:
        if (folder / f"{name}{suffix}").is_file():
            return folder / f"{name}{suffix}"
    return None


def _read_tidied(folder: Path) -> ReleasedFiles:
    if _must_be_checked(folder):
        paths = _checked_paths(folder)
    else:
        paths = {name: _tidied(folder, name) or folder / f"{name}.csv" for name in TABLES}
    tables = {name: _read(path, tidied_columns(name)) for name, path in paths.items()}
    return ReleasedFiles(tables, {name: str(path) for name, path in paths.items()}, [])


def _checked_paths(folder: Path) -> dict[str, Path]:
    """Path of each table, after comparing it with its checksum."""
    checksums = read_checksums(folder)
    paths = {}
    for name in TABLES:
        listed = [f"{name}{suffix}" for suffix in _SUFFIXES if f"{name}{suffix}" in checksums]
        if len(listed) != 1:
            raise FileFormatError(
                f"{folder / CHECKSUMS}: lists {' and '.join(listed) or 'no file'} for the table '{name}'; "
                f"it must list one of {' and '.join(f'{name}{suffix}' for suffix in _SUFFIXES)}."
            )
        paths[name] = folder / listed[0]
        require_checksum(paths[name], checksums[listed[0]])
    return paths


def _read_repository(folder: Path) -> ReleasedFiles:
    metrics, ramanujan = folder / "graph_metrics", folder / "ramanunjan_results"
    unrolled = metrics / "unrolled" / "unrolled.csv"
    tables = {"unrolled": _read(unrolled, tidied_columns("unrolled"))}
    names = {"unrolled": str(unrolled)}
    pairs = [(data, model) for model in ARCHITECTURES for data in DATASETS]
    for encoding in ("rolled", "rolled_channel"):
        paths = [metrics / encoding / f"{encoding}-{data}-{model}.csv" for data, model in pairs]
        # Two of the files (rolled, Conv-6; rolled_channel, Resnet-32; both on Tiny-ImageNet) have the tidied names.
        parts = [_read(path, tidied_columns("rolled"), REPOSITORY_LAYER_COLUMNS) for path in paths]
        tables[encoding] = pd.concat(parts, ignore_index=True)
        names[encoding] = str(metrics / encoding)
    unnamed = [column for column in tidied_columns("ramanujan") if column != "pruning"]
    paths = [ramanujan / model / f"rolled-{data}-{model}.csv" for data, model in pairs]
    parts, strangers = [], 0
    for path, (data, model) in zip(paths, pairs, strict=True):
        rolled = tables["rolled"]
        rolled = rolled[(rolled["dataset"] == data) & (rolled["model"] == model)]
        named = name_algorithms(_read(path, unnamed), rolled, str(path))
        strangers += int(named["pruning"].isna().sum())
        parts.append(named.dropna(subset=["pruning"]).astype({"pruning": "str"}))
    tables["ramanujan"] = pd.concat(parts, ignore_index=True)
    names["ramanujan"] = str(ramanujan)
    notes = (
        [f"{strangers} row(s) of {ramanujan} belong to no network of the rolled files: left out."]
        if strangers
        else []
    )
    return ReleasedFiles(tables, names, notes)


def name_algorithms(ramanujan: pd.DataFrame, rolled: pd.DataFrame, name: str) -> pd.DataFrame:
    """Add the column pruning to the rows of a Ramanujan file, missing if no network of the rolled file is the same.

    In the Ramanujan file the rows of a network follow each other, layers in ascending order. The rolled rows, of the
    same data set and architecture, name the algorithm; their edges are weights.

    Raises
    ------
    DataError
        If the network could be of two algorithms, one of them the paper's, or if no network at
        all is known.
    """
    known: dict[tuple[object, ...], set[str]] = {}
    for (algorithm, *network), rows in rolled.groupby(["pruning", *_NETWORK], sort=False):
        rows = rows.drop_duplicates(["layer_id", "edges"]).sort_values("layer_id")
        key = _signature(network, rows["layer_id"], rows["edges"])
        known.setdefault(key, set()).add(str(algorithm))
    starts = (ramanujan["layer_id"] <= ramanujan["layer_id"].shift()) | (
        ramanujan[_NETWORK] != ramanujan[_NETWORK].shift()
    ).any(axis=1)
    found = pd.Series(index=ramanujan.index, dtype="object")
    for _, rows in ramanujan.groupby(starts.cumsum(), sort=False):
        network = rows.iloc[0][_NETWORK].tolist()
        algorithms = known.get(_signature(network, rows["layer_id"], rows["no_weights"]), set())
        # Methods beyond the paper's seven may be ambiguous: nothing uses them.
        if len(algorithms) > 1 and not algorithms.isdisjoint(ALGORITHMS):
            raise DataError(
                f"{name}: the network {'/'.join(map(str, network[:4]))} of accuracy {network[4]} "
                f"may be of {' or '.join(sorted(algorithms))}, which have as many weights in every layer; "
                "the tidied layout, which names the algorithm, is needed."
            )
        found[rows.index] = min(algorithms, default=np.nan)
    if found.isna().all():
        raise DataError(
            f"{name}: none of its {len(ramanujan)} row(s) belongs to a network of the rolled files; "
            "are both from the same release?"
        )
    return ramanujan.assign(pruning=found)


def _signature(network: list[object], layers: pd.Series, weights: pd.Series) -> tuple[object, ...]:
    pairs = zip(layers.astype(float), weights.astype(float), strict=True)
    return (*network, *pairs)


def _read(path: Path, columns: list[str], names: Mapping[str, str] = {}) -> pd.DataFrame:
    """Read the columns of a CSV file (plain, or .xz by its name), in which they may have other names."""
    try:
        table = pd.read_csv(path).rename(columns=dict(names))
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{path}: there is no such file; released results are {LAYOUTS}."
        ) from error
    except (ValueError, OSError, EOFError, LZMAError) as error:
        raise FileFormatError(f"{path}: not a readable CSV table ({error}).") from error
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise FileFormatError(
            f"{path}: lacks the column(s) {', '.join(missing)}; released results are {LAYOUTS}."
        )
    table = table[columns].copy()
    for column in set(columns) - _TEXT:
        try:
            table[column] = pd.to_numeric(table[column])
        except (ValueError, TypeError) as error:
            raise FileFormatError(
                f"{path}: the column '{column}' holds something that is not a number ({error})."
            ) from error
    return table
