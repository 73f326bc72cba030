"""``sparsetopo export`` and ``sparsetopo draw``: files of every kind, and none where it fails."""

import csv

import numpy as np
import pytest
from tests.unit.command_line.conftest import WORDS

import sparsetopo as st
from sparsetopo import commands
from sparsetopo.commands.exporting import FORMATS

pytestmark = pytest.mark.usefixtures("model", "masks")
GIVEN = (*WORDS, "--weights", "weights.pt", "--mask", "mask-0.safetensors")


@pytest.fixture
def mge(model, masks):
    return st.encode(model, (1, 4, 4), masks[0])


@pytest.mark.parametrize("name", FORMATS)
def test_files_are_those_of_the_library(command, mge, tmp_path, name):
    ended = command("export", *GIVEN, "-o", tmp_path / f"graph.{name}")
    expected = tmp_path / f"expected.{name}"
    if name == "safetensors":
        mge.save(expected)
    else:
        mge.export(expected)
    assert (ended.status, ended.out) == (0, "")
    assert (tmp_path / f"graph.{name}").read_bytes() == expected.read_bytes()
    assert f"{mge.num_edges:,} edges" in ended.err


def test_the_edges_are_those_of_the_graph(command, mge, tmp_path):
    command("export", *GIVEN, "-o", tmp_path / "edges.txt", "--format", "csv")
    with open(tmp_path / "edges.txt", encoding="utf-8") as file:
        edges = {
            (int(row["source"]), int(row["target"])): float(row["weight"])
            for row in csv.DictReader(file)
        }
    dense = mge.to_scipy().toarray()
    assert edges.keys() == {(int(s), int(t)) for s, t in np.argwhere(dense)}
    assert all(dense[place] == np.float32(weight) for place, weight in edges.items())


BEGINNINGS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "html": b"<!doctype html>"}


@pytest.mark.parametrize("suffix", BEGINNINGS)
def test_a_picture_is_of_the_kind_that_its_suffix_says(command, tmp_path, suffix):
    ended = command("draw", *GIVEN, "-o", tmp_path / f"graph.{suffix}")
    assert (ended.status, ended.out) == (0, "")
    assert (tmp_path / f"graph.{suffix}").read_bytes().startswith(BEGINNINGS[suffix])


def test_in_python_the_picture_comes_back_and_need_not_be_written(model, masks, folder):
    before = set(folder.iterdir())
    figure = commands.draw(model, input_shape=(1, 4, 4), mask=masks[0])
    assert len(figure.axes) == 2
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"Conv2d '0'", "Linear '3'"} <= texts
    assert set(folder.iterdir()) == before


def test_a_page_says_what_it_shows_and_needs_no_other_file(command, mge, tmp_path):
    command("draw", *GIVEN, "-o", tmp_path / "graph.html")
    page = (tmp_path / "graph.html").read_text(encoding="utf-8")
    assert f"{mge.num_edges:,} edges" in page
    assert "<svg" in page
    assert "<?xml" not in page
    assert "src=" not in page


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("export", *GIVEN), 2, "Missing option"),
        (("export", *GIVEN, "-o", "graph.gif"), 2, "unknown format 'gif'; known formats: csv"),
        (("export", *GIVEN, "-o", "graph"), 2, "no suffix"),
        (("export", *GIVEN, "-o", "."), 2, "no suffix"),
        (("draw", *GIVEN, "-o", "graph.gif"), 2, "pictures are written as .png"),
        (("draw", *GIVEN[:-1], "weights.pt", "-o", "graph.svg"), 1, "must be bool"),
        (("export", *GIVEN[:-1], "weights.pt", "-o", "graph.csv"), 1, "must be bool"),
    ],
)
def test_nothing_is_written_where_it_fails(command, folder, words, status, said):
    before = set(folder.iterdir())
    ended = command(*words)
    assert ended.status == status
    assert said in ended.err.splitlines()[-1]
    assert set(folder.iterdir()) == before
