"""Results of another configuration or an older stage version are recognised by the record they carry."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sparsetopo.config import load_configuration
from sparsetopo.config.expected_results import expected_results
from sparsetopo.config.stale import MISSING, differences, require_current, stale_results
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.files import write_json, write_tensors

ROOT = Path(__file__).parents[3]
CODE = {"encode": {"code": "a1"}, "topometrics": {"code": "b2"}}
VALUES = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
TRAINED = "trained/digits/Resnet-20/snip/0.9/seed-0.json"


def expected(code=CODE, **changes):
    return list(expected_results(load_configuration(deepcopy(VALUES) | changes), code))


def write(path, specification):
    """A result file with nothing but its record."""
    record = {"specification": specification}
    if path.suffix == ".json":
        write_json(path, record)
    else:
        write_tensors(path, {"weights": np.zeros(2, np.float32)}, record)


@pytest.fixture
def study(tmp_path):
    """Folder of a study with every file that its configuration asks for."""
    for result in expected():
        record = dict(result.specification)
        if result.stage == "encode":
            record |= {"weights_are_finite": True, "trained_weights_are_finite": True}
        write(tmp_path / result.path, record)
    return tmp_path


RULES = {
    "data": "data",
    "plans": "plan",
    "dense": "dense",
    "scores": "score",
    "masks": "prune",
    "trained": "train",
    "mges": "encode",
    "topometrics": "topometrics",
    "layers": "topometrics",
}


@pytest.mark.parametrize(
    ("changes", "patterns", "difference"),
    [
        ({}, [], None),
        (
            {"training": {"digits": VALUES["training"]["digits"] | {"epochs": 7}}},
            ["dense/**/*.json", "trained/**/*.json"],
            ("recipe.epochs", 1, 7),
        ),
        # A mask that is selected from scores: the option lies in the file of the scores.
        (
            {"pruning": {"snip": {"batch_size": 64}}},
            ["scores/digits/Resnet-20/snip/seed-0.safetensors"],
            ("options.batch_size", 128, 64),
        ),
        (
            {"pruning": {"snip": {"shuffle": "layer"}}},
            ["masks/digits/Resnet-20/snip/*/*"],
            ("shuffle", "none", "layer"),
        ),
        (
            {"pruning": {"uniform": {"scope": "global"}}},
            ["masks/digits/Resnet-20/uniform/*/*"],
            ("options.scope", "layer", "global"),
        ),
        (
            {"pruning": {"snip": {"train_weights": "redrawn"}}},
            # The graph has the weights that training starts from.
            ["trained/digits/Resnet-20/snip/*/*", "mges/digits/Resnet-20/snip/*/*"],
            ("train_weights", "scored", "redrawn"),
        ),
        (
            {"datasets": {"digits": {"test_fraction": 0.3}}},
            ["data/digits.safetensors"],
            ("options.test_fraction", 0.2, 0.3),
        ),
        (
            {"topometrics": {"identity_shortcuts": True}},
            ["plans/digits/Resnet-20.json"],
            ("identity_shortcuts", False, True),
        ),
        (
            {"layers": {"motif_size": 4}},
            ["topometrics/**/*.json", "layers/**/*.json"],
            ("layers.motif_size", 3, 4),
        ),
        (
            {"code": {**CODE, "encode": {"code": "c3"}}},
            ["mges/**/*.safetensors"],
            ("code", "a1", "c3"),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, (list, tuple)) and value else "",
)
def test_each_file_is_compared_with_what_its_stage_reads(study, changes, patterns, difference):
    found = list(stale_results(study, expected(**changes)))
    wanted = {path for pattern in patterns for path in study.glob(pattern) if path.is_file()}
    assert len(wanted) >= len(patterns)
    assert {result.path for result in found} == wanted
    assert len(found) == len(wanted)
    for result in found:
        assert (result.key, result.found, result.wanted) == difference
        assert result.stage == RULES[result.path.relative_to(study).parts[0]]


def test_an_older_stage_version_is_named_with_what_to_do(study):
    path = study / TRAINED
    record = next(result for result in expected() if result.path == TRAINED).specification
    write(path, {**record, "stage_version": 1})
    other = path.parents[1] / "0.98/seed-0.json"
    other.unlink()
    write(other, {**record, "cell": {**record["cell"], "sparsity": "0.98"}, "seed": 3})
    with pytest.raises(DataError) as caught:
        require_current(study, expected())
    listed = study / "logs/stale.txt"
    assert str(caught.value) == (
        f"{path}: was made with stage_version 1, but now it would be made with stage_version 2, and 1 other file "
        f"differs too; delete what {listed} lists (xargs rm < {listed}) and run again, or run once with --forcerun train."
    )
    assert listed.read_text() == f"{path}\n{other}\n"
    write(path, record)
    other.unlink()
    require_current(study, expected())
    assert not listed.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"drop": "stage_version"},
            "was made without stage_version, but now it would be made with",
        ),
        ({"add": "extra"}, 'was made with extra "x", but now it would be made without extra'),
        ({"drop everything": True}, "was made without architecture, but"),
        ({"cell": "0.98"}, 'was made with cell.sparsity "0.98", but'),
    ],
)
def test_a_record_of_other_keys_or_of_another_cell_differs(study, change, sentence):
    record = next(result for result in expected() if result.path == TRAINED).specification
    match change:
        case {"drop": key}:
            record = {name: value for name, value in record.items() if name != key}
        case {"add": key}:
            record = {**record, key: "x"}
        case {"cell": sparsity}:
            record = {**record, "cell": {**record["cell"], "sparsity": sparsity}}
        case _:
            record = None
    write(study / TRAINED, record)
    with pytest.raises(DataError) as caught:
        require_current(study, expected())
    assert sentence in str(caught.value)


def test_a_file_that_is_not_there_is_passed_over_and_a_damaged_one_is_named(study):
    (study / TRAINED).unlink()
    require_current(study, expected())
    (study / TRAINED).write_text('{"specification": {')
    with pytest.raises(FileFormatError, match=r"seed-0\.json: not valid JSON"):
        require_current(study, expected())
    (study / TRAINED).write_text("[1]")
    with pytest.raises(DataError, match="was made without architecture"):
        require_current(study, expected())


def test_accuracies_of_the_paper_have_no_files_of_training(tmp_path):
    values = yaml.safe_load((ROOT / "config/paper-accuracies.yaml").read_text())
    results = list(expected_results(load_configuration(values), CODE))
    assert {result.path.partition("/")[0] for result in results} == {
        *("data", "plans", "scores", "masks"),
        *("mges", "topometrics", "layers"),
    }
    assert len(results) == 3 + 12 + 3 * 36 + 4 * 1260
    assert len({result.path for result in results}) == len(results)


JSON = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["a", "b"]) | st.lists(st.integers(0, 2)),
    lambda inner: st.dictionaries(st.sampled_from("wxyz"), inner, max_size=3),
)


@given(JSON, JSON)
def test_differences_are_all_differences(found, wanted):
    """Putting what is wanted in place of what was found, difference by difference, gives what is wanted."""
    listed = list(differences(found, wanted))
    assert bool(listed) == (found != wanted)
    mended = {"": deepcopy(found)}
    for key, was, now in listed:
        place = mended
        *above, last = ["", *filter(None, key.split("."))]
        for name in above:
            place = place[name]
        assert place.get(last, MISSING) == was
        if now is MISSING:
            del place[last]
        else:
            place[last] = now
    assert mended == {"": wanted}
