"""The released results in this project's format: names, units, counts, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.paper.test_released_layout import (
    small_release,
    write_repository,
    write_tidied,
)

from sparsetopo.analysis.paper.released import RELEASED_RUN, read_released
from sparsetopo.analysis.paper.released_layout import RELEASED_FOLDER
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import layer_features, ramanujan_means
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.published_accuracies import read_published_accuracies
from sparsetopo.analysis.tables.table import CELL, check_table
from sparsetopo.errors import DataError


@pytest.fixture(scope="module")
def released():
    return read_released()


def test_names_and_units_of_a_small_release(tmp_path):
    tables = small_release()
    released = read_released(write_tidied(tmp_path, tables))
    networks = released.networks
    assert sorted(networks["algorithm"].unique()) == ["erk", "snip"]
    assert len(networks) == 2 * 3 * 4
    assert networks["sparsity"].unique().tolist() == ["0.6"]
    row = networks[(networks["algorithm"] == "erk") & (networks["architecture"] == "Conv-6")]
    row = row[row["dataset"] == "Tiny-ImageNet"].iloc[0]
    theirs = tables["unrolled"].query(
        "pruning == 'erk' and model == 'CONV-6' and dataset == 'tinyimagenet'"
    )
    theirs = theirs.iloc[0]
    assert row["sink"] == pytest.approx(200 * theirs["sink_nodes"])
    assert row["motif4"] == pytest.approx(1000 * theirs["motif"])
    assert row["r_out"] == theirs["r-in"]
    assert row["r_in"] == theirs["r-out"]
    assert row["achieved_sparsity"] == pytest.approx(1 - 37 / 200)
    dense = read_published_accuracies().dense["Tiny-ImageNet", "Conv-6"].accuracy
    assert row["accuracy_drop"] == pytest.approx(1 - 0.5 / dense)
    assert "24 of the 1260 networks" in " ".join(released.notes)
    assert set(released.dense["status"]) == {"published"}


def test_layers_of_a_network_that_has_no_row_of_its_own(tmp_path):
    """It keeps its accuracy, and everything of the whole network is missing."""
    tables = small_release()
    lost = tables["unrolled"]["pruning"].eq("snip") & tables["unrolled"]["model"].eq("CONV-6")
    tables["unrolled"] = tables["unrolled"][~lost]
    networks = read_released(write_tidied(tmp_path, tables)).networks
    rows = networks[networks["algorithm"].eq("snip") & networks["architecture"].eq("Conv-6")]
    assert rows["accuracy"].tolist() == [0.5] * 3
    assert rows[["nodes", *PAPER_METRICS]].isna().all(axis=None)


def test_a_network_without_layers_has_its_nominal_sparsity(tmp_path):
    tables = small_release()
    for name in ("rolled", "rolled_channel", "ramanujan"):
        table = tables[name]
        tables[name] = table[~(table["pruning"].eq("snip") & table["model"].eq("CONV-6"))]
    released = read_released(write_tidied(tmp_path, tables))
    rows = released.networks.query("algorithm == 'snip' and architecture == 'Conv-6'")
    assert rows["achieved_sparsity"].tolist() == [0.6] * 3
    assert any(note.startswith("3 network(s) have no layers") for note in released.notes)


def test_infinite_bounds_are_missing_and_counted(tmp_path):
    tables = small_release()
    snip = tables["ramanujan"]["pruning"].eq("snip")
    tables["ramanujan"].loc[snip, "degree_bound"] = -np.inf
    released = read_released(write_tidied(tmp_path, tables))
    snip = released.ramanujan["algorithm"].eq("snip")
    assert released.ramanujan["delta_r"].isna().tolist() == snip.tolist()
    assert f"{snip.sum()} layer(s) have an infinite" in " ".join(released.notes)


def test_exact_duplicates_go_and_differing_rows_are_refused(tmp_path):
    tables = small_release()
    first = tables["unrolled"].iloc[:1]
    doubled = {**tables, "unrolled": pd.concat([tables["unrolled"], first])}
    released = read_released(write_tidied(tmp_path / "same", doubled))
    assert len(released.networks) == 24
    assert "1 exact duplicate(s)" in released.notes[0]
    doubled["unrolled"] = pd.concat([tables["unrolled"], first.assign(motif=2.0)])
    with pytest.raises(DataError, match=r"unrolled\.csv: 1 row\(s\) differ .* snip/CIFAR-10"):
        read_released(write_tidied(tmp_path / "other", doubled))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "accuracy",
            50.0,
            r"rolled\.csv: .* the first is 50; released accuracies are not in percent",
        ),
        ("accuracy", 0.4, r"rolled\.csv: accuracy 0\.4 of .* is not that of the other"),
        ("motif", np.inf, r"rolled\.csv: 1 value\(s\) of motif are infinite"),
    ],
)
def test_wrong_values(tmp_path, column, value, message):
    tables = small_release()
    tables["rolled"].loc[0, column] = value
    with pytest.raises(DataError, match=message):
        read_released(write_tidied(tmp_path, tables))


def test_nothing_of_the_grid(tmp_path):
    tables = small_release()
    tables["unrolled"]["model"] = "MobileNetV2"
    with pytest.raises(DataError, match="none of its 48 row"):
        read_released(write_tidied(tmp_path, tables))


def test_the_whole_release(released):
    networks = released.networks
    assert not networks.duplicated(list(CELL)).any()
    assert len(networks) == 1258
    assert networks["nodes"].notna().sum() == 1251
    assert len(networks.dropna(subset=list(PAPER_METRICS))) == 1247
    assert released.notes[0].startswith("unrolled: 2337 row(s) read, 1054 of other networks")
    assert "32 exact duplicate(s)" in released.notes[0]
    assert "2 are missing (prospr/Tiny-ImageNet/Resnet-20/0.98/1, " in " ".join(released.notes)
    assert len(released.layers) == 2 * len(released.ramanujan) == 2 * 29559
    # The analysis takes it as it takes any collected table.
    checked = check_table(networks, list(PAPER_METRICS))
    assert len(checked.missing_cells) == 2
    assert set(checked.table["accuracy_source"]) == {RELEASED_RUN}


def test_scaling_gives_the_released_values_again(released):
    theirs = pd.read_csv(RELEASED_FOLDER / "unrolled.csv.xz")
    ours = scale(released.networks).set_index(list(CELL))
    theirs = theirs[theirs["model"].eq("CONV-6") & theirs["pruning"].eq("erk")]
    renamed = {"sink": "sink_nodes", "disconnected": "disc_nodes", "n2": "2-hop_nei", "r_in": "r-out",
               "k_core": "k-core", "component_size": "mean_connected_components", "strength": "avg_node_strength"}  # fmt: skip
    names = {"tinyimagenet": "Tiny-ImageNet"}
    for row in theirs.to_dict("records"):
        data = names.get(row["dataset"], row["dataset"])
        mine = ours.loc["erk", data, "Conv-6", f"{row['sparsity']:g}", row["seed"]]
        for key, column in renamed.items():
            assert mine[key] == pytest.approx(row[column], rel=1e-12, abs=0)
    assert len(theirs) == 45


def test_the_layers_can_be_averaged(released):
    """Achieved density is that of the layers weighted by their size; the mean layer density is another number."""
    means = ramanujan_means(released.ramanujan)
    assert len(means) == len(layer_features(released.layers, "rolled_channel")) == 1258
    achieved = released.networks["achieved_sparsity"]
    wanted = released.networks["sparsity"].astype(float)
    snip = released.networks["algorithm"].isin(["snip", "uniform", "grasp"])
    assert (achieved - wanted)[snip].abs().max() < 0.02


@pytest.mark.middle
def test_the_authors_layout_gives_the_same_tables(tmp_path, released):
    tables = {name: pd.read_csv(RELEASED_FOLDER / f"{name}.csv.xz") for name in ("unrolled", "rolled", "rolled_channel", "ramanujan")}  # fmt: skip
    again = read_released(write_repository(tmp_path / "graph_data", tables).parent)
    for name in ("networks", "dense", "layers", "ramanujan"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(released, name))
    # But for the name of the last of the four tables: there it is a folder.
    assert [note.split(":")[-1] for note in again.notes] == [
        note.split(":")[-1] for note in released.notes
    ]
