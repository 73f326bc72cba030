"""The two layouts of the released results: the same tables from both, and what is refused."""

import itertools

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.paper.released_columns import (
    ARCHITECTURES,
    CELL_COLUMNS,
    DATASETS,
    RAMANUJAN_COLUMNS,
    REPOSITORY_LAYER_COLUMNS,
    TABLES,
)
from sparsetopo.analysis.paper.released_layout import name_algorithms, read_files
from sparsetopo.errors import DataError, FileFormatError

WEIGHTS = {"snip": (30, 5), "erk": (30, 7), "rigl": (30, 6), "itop": (30, 6)}
"""Weights that each algorithm keeps in the two layers; rigl is not of the paper's pool."""

NAMED_AS_WHOLE_NETWORKS = [
    ("rolled", "tinyimagenet", "CONV-6"),
    ("rolled_channel", "tinyimagenet", "Resnet-32"),
]


def small_release() -> dict[str, pd.DataFrame]:
    """Tidied tables: every data set and architecture, four algorithms, one sparsity, one seed.

    All accuracies of a setting are equal and the first layer keeps the same number of weights, so that only the second
    layer tells snip from erk; nothing tells rigl from itop.
    """
    random = np.random.default_rng(5)
    tables: dict[str, list[dict]] = {name: [] for name in TABLES}
    for data, model, (algorithm, kept) in itertools.product(
        DATASETS, ARCHITECTURES, WEIGHTS.items()
    ):
        network = {
            "accuracy": 0.5, "pruning": algorithm, "sparsity": 0.6, "model": model, "dataset": data, "seed": 0,
        }  # fmt: skip
        sizes = {"nodes": 200, "edges": 1000}
        metrics = {name: random.uniform(0.1, 1) for name in TABLES["unrolled"]}
        tables["unrolled"].append({**metrics, **network, **sizes})
        for layer, weights in enumerate(kept):
            identity = {"layer_id": layer, "layer_name": f"layer.{layer}"}
            for encoding in ("rolled", "rolled_channel"):
                metrics = {name: random.uniform(1, 9) for name in TABLES["rolled"]}
                sizes = {"nodes": 20, "edges": weights}
                tables[encoding].append({**metrics, **network, **identity, **sizes})
            metrics = {name: random.normal() for name in RAMANUJAN_COLUMNS}
            sizes = {"no_weights": weights, "no_params": 100, "layer_sparsity": weights / 100}
            tables["ramanujan"].append({**metrics, **network, **identity, **sizes})
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def write_tidied(folder, tables, suffix=".csv"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}{suffix}", index=False)
    return folder


def write_repository(folder, tables):
    """The authors' layout: a file a data set and architecture, no algorithm in the last; their column names but for two.

    As in their repository, two of the files of layers have the names of the table of whole networks.
    """
    theirs = {tidy: name for name, tidy in REPOSITORY_LAYER_COLUMNS.items()}
    for name, table in tables.items():
        if name == "unrolled":
            path = folder / "graph_metrics" / "unrolled" / "unrolled.csv"
            path.parent.mkdir(parents=True)
            table.to_csv(path, index=False)
            continue
        for (data, model), rows in table.groupby(["dataset", "model"]):
            if name == "ramanujan":
                path = folder / "ramanunjan_results" / model / f"rolled-{data}-{model}.csv"
                rows = rows.drop(columns="pruning")
            else:
                path = folder / "graph_metrics" / name / f"{name}-{data}-{model}.csv"
                if (name, data, model) not in NAMED_AS_WHOLE_NETWORKS:
                    rows = rows.rename(columns=theirs)
            path.parent.mkdir(parents=True, exist_ok=True)
            rows.to_csv(path, index=False)
    return folder


def _sorted(table):
    keys = [name for name in [*CELL_COLUMNS, "layer_id"] if name in table]
    table = table.sort_values(keys, ignore_index=True)
    return table[sorted(table.columns)]


@pytest.mark.parametrize("suffix", [".csv", ".csv.xz"])
@pytest.mark.parametrize("below", ["", "published"])
def test_tidied(tmp_path, below, suffix):
    tables = small_release()
    write_tidied(tmp_path / below, tables, suffix)
    read = read_files(tmp_path)
    assert read.notes == []
    for name, table in tables.items():
        pd.testing.assert_frame_equal(_sorted(read.tables[name]), _sorted(table))
        assert read.names[name].endswith(f"{name}{suffix}")


@pytest.mark.parametrize("inside", ["", "graph_data"])
def test_repository_names_the_algorithms(tmp_path, inside):
    tables = small_release()
    write_repository(tmp_path / inside, tables)
    read = read_files(tmp_path)
    for name in ("unrolled", "rolled", "rolled_channel"):
        pd.testing.assert_frame_equal(_sorted(read.tables[name]), _sorted(tables[name]))
    ours = read.tables["ramanujan"]
    paper = ours["pruning"].isin(["snip", "erk"])
    theirs = tables["ramanujan"][tables["ramanujan"]["pruning"].isin(["snip", "erk"])]
    pd.testing.assert_frame_equal(_sorted(ours[paper]), _sorted(theirs), check_dtype=False)
    assert set(ours.loc[~paper, "pruning"]) <= {"rigl", "itop"}


def test_a_network_that_the_rolled_files_lack_is_counted(tmp_path):
    tables = small_release()
    rolled = tables["rolled"]
    lost = (
        (rolled["pruning"] == "erk")
        & (rolled["model"] == "Resnet-20")
        & (rolled["dataset"] == "CIFAR-10")
    )
    tables["rolled"] = rolled[~lost]
    write_repository(tmp_path, tables)
    read = read_files(tmp_path)
    assert len(read.notes) == 1
    assert read.notes[0].startswith("2 row(s) of ")
    left = len(tables["ramanujan"]) - len(read.tables["ramanujan"])
    assert left == 2


def _one_setting(tables, name):
    table = tables[name]
    return table[(table["dataset"] == "CIFAR-10") & (table["model"] == "CONV-6")]


def test_networks_that_cannot_be_told_apart_are_refused():
    tables = small_release()
    rolled, ramanujan = _one_setting(tables, "rolled"), _one_setting(tables, "ramanujan")
    same = rolled["pruning"].eq("erk") & rolled["layer_id"].eq(1)
    rolled = rolled.assign(edges=rolled["edges"].mask(same, 5))
    with pytest.raises(DataError, match=r"file: the network .* may be of erk or snip"):
        name_algorithms(ramanujan.drop(columns="pruning"), rolled, "file")


def test_files_of_different_releases_are_refused():
    tables = small_release()
    rolled, ramanujan = _one_setting(tables, "rolled"), _one_setting(tables, "ramanujan")
    with pytest.raises(DataError, match="none of its 8 row"):
        name_algorithms(ramanujan.assign(accuracy=0.4), rolled, "file")


def test_missing_folder_and_unknown_layout(tmp_path):
    with pytest.raises(DataError, match=r"there is no such folder.*published/.*graph_data"):
        read_files(tmp_path / "nowhere")
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(DataError, match=r"holds no released results.*unrolled\.csv.*graph_data"):
        read_files(tmp_path)


def test_missing_files(tmp_path):
    tables = small_release()
    write_repository(tmp_path / "theirs", tables)
    path = tmp_path / "theirs" / "graph_metrics" / "rolled" / "rolled-CIFAR-100-Resnet-32.csv"
    path.unlink()
    with pytest.raises(
        FileFormatError, match=r"rolled-CIFAR-100-Resnet-32\.csv: there is no such file"
    ):
        read_files(tmp_path / "theirs")
    tables.pop("rolled_channel")
    with pytest.raises(FileFormatError, match=r"rolled_channel\.csv: there is no such file"):
        read_files(write_tidied(tmp_path / "ours", tables))


def test_missing_column_and_text_for_a_number(tmp_path):
    tables = small_release()
    broken = {**tables, "rolled": tables["rolled"].drop(columns="k-core")}
    with pytest.raises(FileFormatError, match=r"rolled\.csv: lacks the column\(s\) k-core"):
        read_files(write_tidied(tmp_path / "a", broken))
    words = tables["ramanujan"]["degree_bound"].astype("object")
    words.iloc[3] = "much"
    broken = {**tables, "ramanujan": tables["ramanujan"].assign(degree_bound=words)}
    with pytest.raises(
        FileFormatError, match=r"'degree_bound' holds something that is not a number"
    ):
        read_files(write_tidied(tmp_path / "b", broken))


def test_damaged_compression(tmp_path):
    folder = write_tidied(tmp_path, small_release(), ".csv.xz")
    content = (folder / "rolled.csv.xz").read_bytes()
    (folder / "rolled.csv.xz").write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError, match=r"rolled\.csv\.xz: not a readable CSV table"):
        read_files(folder)
