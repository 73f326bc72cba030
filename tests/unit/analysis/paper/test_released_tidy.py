"""Tidying the authors' repository: what the files hold, that equal inputs give equal bytes, and what is refused."""

import io
import lzma
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.paper.test_released_layout import (
    small_release,
    write_repository,
    write_tidied,
)

from sparsetopo.analysis.paper.released import read_released
from sparsetopo.analysis.paper.released_checksums import read_checksums
from sparsetopo.analysis.paper.released_columns import tidied_columns
from sparsetopo.analysis.paper.released_layout import RELEASED_FOLDER
from sparsetopo.analysis.paper.released_tidy import tidied_files, tidy

FILES = ["ramanujan.csv.xz", "rolled.csv.xz", "rolled_channel.csv.xz", "unrolled.csv.xz"]


@pytest.fixture(scope="module")
def tables():
    return small_release()


@pytest.fixture(scope="module")
def clone(tmp_path_factory, tables):
    folder = tmp_path_factory.mktemp("mge-snn")
    write_repository(folder / "graph_data", tables)
    return folder


@pytest.fixture(scope="module")
def tidied(tmp_path_factory, clone):
    folder = tmp_path_factory.mktemp("tidied")
    tidy(clone, folder)
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_files_and_their_checksums(tidied):
    assert sorted(contents(tidied)) == sorted([*FILES, "SHA256SUMS"])
    assert sorted(read_checksums(tidied)) == FILES


def test_whole_networks_are_the_released_file(tidied, clone):
    released = (clone / "graph_data/graph_metrics/unrolled/unrolled.csv").read_bytes()
    assert lzma.decompress((tidied / "unrolled.csv.xz").read_bytes()) == released


@pytest.mark.parametrize("name", ["rolled", "rolled_channel", "ramanujan"])
def test_layers(tidied, tables, name):
    """The paper's algorithms, named; the columns that are read; nine digits."""
    text = lzma.decompress((tidied / f"{name}.csv.xz").read_bytes()).decode()
    table = pd.read_csv(io.StringIO(text))
    assert list(table) == tidied_columns(name)
    assert set(table["pruning"]) == {"snip", "erk"}
    settings = table[["model", "dataset"]].drop_duplicates().to_numpy().tolist()
    assert settings[:4] == [
        ["CONV-6", "CIFAR-10"], ["CONV-6", "CIFAR-100"], ["CONV-6", "tinyimagenet"], ["Resnet-20", "CIFAR-10"],
    ]  # fmt: skip
    keys = ["pruning", "dataset", "model", "layer_id"]
    wanted = tables[name][tables[name]["pruning"].isin(["snip", "erk"])].set_index(keys)
    found = table.set_index(keys)
    wanted = wanted.loc[found.index, list(found)]
    numbers = list(found.select_dtypes("number"))
    np.testing.assert_allclose(found[numbers], wanted[numbers], rtol=1e-8)
    longest = max(
        len(cell.strip("-0.").replace(".", "")) for cell in text.splitlines()[1].split(",")
    )
    assert longest <= len("Resnet-20") + 2


def test_equal_inputs_give_equal_bytes(tidied, clone, tmp_path):
    tidy(clone, tmp_path)
    assert contents(tmp_path) == contents(tidied)
    assert tidied_files(tidied) == {name: (tidied / name).read_bytes() for name in FILES}


def test_the_analysis_reads_the_same_from_both(tidied, clone):
    ours, theirs = read_released(tidied), read_released(clone)
    for name in ("networks", "dense", "layers", "ramanujan"):
        pd.testing.assert_frame_equal(getattr(ours, name), getattr(theirs, name), rtol=1e-8)


def test_the_command(clone, tidied, tmp_path):
    command = [sys.executable, "-m", "sparsetopo.analysis.paper.released_tidy"]
    done = subprocess.run(
        [*command, str(clone), str(tmp_path / "made")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "made") == contents(tidied)
    done = subprocess.run(
        [*command, "nowhere", str(tmp_path / "none")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("nowhere: there is no such folder;")
    assert not (tmp_path / "none").exists()


def test_nothing_is_written_if_a_table_is_missing(tables, tmp_path):
    fewer = {name: table for name, table in tables.items() if name != "rolled"}
    write_tidied(tmp_path / "source", fewer)
    command = [sys.executable, "-m", "sparsetopo.analysis.paper.released_tidy"]
    done = subprocess.run(
        [*command, str(tmp_path / "source"), str(tmp_path / "made")], capture_output=True, text=True
    )
    assert "rolled.csv: there is no such file" in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.middle
def test_the_carried_files_are_tidy():
    """They come out of tidying as they went in: the committed code is what made them."""
    for name, content in tidied_files(RELEASED_FOLDER).items():
        # Another version of the compressor may write other bytes.
        assert lzma.decompress(content) == lzma.decompress((RELEASED_FOLDER / name).read_bytes())
