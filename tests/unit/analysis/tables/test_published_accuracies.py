"""Reading the paper's accuracies, and refusing a grid that they do not cover."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsetopo.analysis.tables.published_accuracies import DEFAULT_PATH, read_published_accuracies
from sparsetopo.errors import FileFormatError

ROOT = Path(__file__).parents[4]
PAPER_GRID = {
    "datasets": ["CIFAR-10", "CIFAR-100", "Tiny-ImageNet"],
    "architectures": ["Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2"],
    "algorithms": ["snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"],
    "sparsities": ["0.6", "0.8", "0.9", "0.95", "0.98"],
}
HEADER = "dataset,architecture,algorithm,sparsity,accuracy,accuracy_std,note\n"


@pytest.fixture
def written(tmp_path):
    """Write a file of these rows below the header and return its path."""

    def write(*rows, header=HEADER):
        path = tmp_path / "accuracies.csv"
        path.write_text(header + "".join(row + "\n" for row in rows))
        return path

    return write


def test_the_papers_grid_is_covered():
    published = read_published_accuracies()
    assert published.problems(PAPER_GRID) == []
    assert len(published.sparse) == 3 * 4 * 7 * 5
    assert len(published.dense) == 3 * 4
    # Printed in the paper: 87.0 +- 0.1 or so for SNIP on Resnet-20 at 0.9; dense 91.7.
    snip = published.of_network("CIFAR-10", "Resnet-20", "snip", "0.9")
    assert (snip.accuracy, published.dense["CIFAR-10", "Resnet-20"].accuracy) == (0.87, 0.917)


def test_a_cell_that_was_not_printed_is_covered_without_accuracy():
    published = read_published_accuracies()
    cell = ("Tiny-ImageNet", "Resnet-32", "prospr", "0.98")
    assert published.of_network(*cell).accuracy is None
    assert "starred" in published.of_network(*cell).note
    assert (
        published.problems({axis: [value] for axis, value in zip(PAPER_GRID, cell, strict=True)})
        == []
    )


def test_what_is_not_covered_is_named_with_what_is():
    grid = {
        axis: [*values[:2], "0.5" if axis == "sparsities" else "mine"]
        for axis, values in PAPER_GRID.items()
    }
    problems = read_published_accuracies().problems(grid)
    assert [problem.partition(":")[0] for problem in problems] == [f"grid.{axis}" for axis in grid]
    for problem, (axis, values) in zip(problems, PAPER_GRID.items(), strict=True):
        assert f"'{grid[axis][-1]}'" in problem
        assert problem.endswith(f"they cover {', '.join(values)}")


@given(
    st.fixed_dictionaries(
        {
            axis: st.lists(st.sampled_from([*values, "0.77"]), unique=True)
            for axis, values in PAPER_GRID.items()
        }
    )
)
def test_there_is_a_problem_exactly_if_a_value_is_foreign(grid):
    problems = read_published_accuracies().problems(grid)
    assert len(problems) == sum("0.77" in values for values in grid.values())


def test_a_sparsity_may_have_trailing_zeros():
    published = read_published_accuracies()
    grid = PAPER_GRID | {"sparsities": ["0.60", "0.900"]}
    assert published.problems(grid) == []
    assert published.of_network("CIFAR-10", "Conv-6", "er", "0.60") == published.of_network(
        "CIFAR-10", "Conv-6", "er", "0.6"
    )
    assert published.of_network("CIFAR-10", "Conv-6", "er", "0.61") is None


def test_gaps_between_covered_values_are_named(written):
    path = written(
        "A,net,dense,0,0.9,,",
        "A,net,snip,0.5,0.8,0.01,",
        "B,net,snip,0.6,0.7,,",
        "A,other,dense,0,0.9,,",
    )
    (problem,) = read_published_accuracies(path).problems(
        {
            "datasets": ["A", "B"],
            "architectures": ["net"],
            "algorithms": ["snip"],
            "sparsities": ["0.5", "0.6"],
        }
    )
    assert "B/net/dense, A/net/snip/0.6, B/net/snip/0.5" in problem
    assert str(path) in problem


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"holds 0 sparse and 0 dense accuracies; both are needed"),
        (["A,net,dense,0,,,"], r"line 2: a dense baseline needs an accuracy above 0"),
        (["A,net,snip,0.5,92.7,,"], r"line 2: accuracy is '92.7'; it must be a fraction"),
        (["A,net,snip,0.5,high,,"], r"line 2: accuracy is 'high'"),
        (["A,net,snip,0.5,nan,,"], r"line 2: accuracy is 'nan'"),
        (["A,net,snip,0.5,0.5,-1,"], r"line 2: accuracy_std is '-1'"),
        (["A,net,snip,1.5,0.5,,"], r"line 2: sparsity is '1.5'; it must lie between 0 and 1"),
        (["A,net,snip,half,0.5,,"], r"line 2: sparsity is 'half'"),
        (["A,net,,0.5,0.5,,"], r"line 2: no value in column 'algorithm'"),
        (["A,net,snip,0.5,0.5,,,x"], r"line 2: more values than columns"),
        (
            ["A,net,snip,0.5,0.5,,", "A,net,snip,0.50,0.6,,"],
            r"line 3: .*0\.50 is in the file more than once",
        ),
        (["A,net,dense,0,0.9,,", "A,net,dense,0,0.8,,"], r"line 3: .* more than once"),
    ],
)
def test_faulty_rows_are_named_by_their_line(written, rows, message):
    with pytest.raises(FileFormatError, match=message):
        read_published_accuracies(written(*rows))


def test_faulty_files(written, tmp_path):
    with pytest.raises(
        FileFormatError,
        match=r"lacks the column.s. accuracy_std, note; .* have the columns dataset",
    ):
        read_published_accuracies(
            written(header="dataset,architecture,algorithm,sparsity,accuracy\n")
        )
    with pytest.raises(FileFormatError, match="there is no such file; the published accuracies"):
        read_published_accuracies(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="not a readable CSV file"):
        read_published_accuracies(tmp_path / "binary.csv")


def test_the_default_file_is_that_of_the_project():
    assert DEFAULT_PATH == ROOT / "resources" / "paper" / "accuracies.csv"


def test_importing_it_imports_nothing_heavy():
    code = (
        "import sys, sparsetopo.analysis.tables.published_accuracies as p; p.read_published_accuracies();"
        "print([m for m in ('torch','pandas','numba','sklearn','matplotlib','scipy') if m in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"
