"""What YAML reads otherwise than it looks: refused with the key, the lines, and what to write."""

import datetime
import math
from copy import deepcopy

import pytest
import yaml

from sparsetopo.config import Specifications, cells, load_configuration, text_problems
from sparsetopo.errors import ConfigurationError
from sparsetopo.files import canonical_json

SMALL = """
study: small
grid:
  algorithms: [uniform]
  datasets: [digits]
  architectures: [Resnet-20]
  sparsities: ["0.9"]
  seeds: [0]
training:
  digits: {epochs: 1, batch_size: 128, learning_rate: 0.1}
"""


def problems(text):
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(yaml.safe_load(text))
    assert all("\n" not in problem for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", "a: is given twice, in lines 1 and 3; keep one"),
        ("a:\n  b: {c: 1, c: 1}", "a.b.c: is given twice, in lines 2 and 2; keep one"),
        ("a:\n  - b: 1\n    'b': 2", "a.0.b: is given twice, in lines 2 and 3; keep one"),
        ("0.9: 1\n0.90: 2", "0.90: is given twice, in lines 1 and 2; keep one"),
        ("on: 1\nyes: 2", "yes: is given twice, in lines 1 and 2; keep one"),
        ('{\n\t"a": 1,\n\t"a": 2\n}', "a: is given twice, in lines 2 and 3; keep one"),
        ("? [1, 2]\n: 3\n? [1, 2]\n: 4", "[key]: is given twice, in lines 1 and 3; keep one"),
        ("a: [007]", "a.0: YAML reads 007 (line 1) as the number 7; write 7"),
        ("a: 010", "a: YAML reads 010 (line 1) as the number 8; write 8"),
        ("a:\n  b: 1:30", "a.b: YAML reads 1:30 (line 2) as the number 90; write 90"),
    ],
)
def test_a_key_given_twice_and_odd_numbers_are_named_with_their_lines(text, expected):
    assert text_problems(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        "",
        "a: &x {b: 1}\nc: {<<: *x, b: 2}\nd: *x",
        "a: &x {b: *x}",
        "2: 1\n'2': 2",
        "a: '010'\nb: 0\nc: 1_000\nd: 0.5\ne: 0x10\nf: 2024-01-02",
        "\tno yaml: [",
    ],
)
def test_what_is_meant_as_it_looks_passes(text):
    assert text_problems(text) == []


def test_three_times_and_in_several_places():
    assert text_problems("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3") == [
        "a: is given twice, in lines 1 and 3; keep one",
        "a: is given twice, in lines 1 and 4; keep one",
        "b.c: is given twice, in lines 2 and 2; keep one",
    ]


@pytest.mark.parametrize(
    ("word", "reading"),
    [
        ("2", "the number 2"),
        ("0.9", "the number 0.9"),
        ("on", "true (also written on, yes)"),
        ("no", "false (also written off, no)"),
        ("null", "nothing (null)"),
        ("~", "nothing (null)"),
        ("2024-10-10", "the date 2024-10-10"),
        ("[a]", "a list"),
    ],
)
@pytest.mark.parametrize(
    ("old", "path"),
    [
        ("small", "study"),
        ("uniform", "grid.algorithms.0"),
        ("digits]", "grid.datasets.0"),
        ("Resnet-20", "grid.architectures.0"),
    ],
)
def test_words_that_are_no_names_are_to_be_quoted(word, reading, old, path):
    new = word + ("]" if old.endswith("]") else "")
    named = [p for p in problems(SMALL.replace(old, new, 1)) if p.startswith(f"{path}: ")]
    (problem,) = named
    assert f"YAML as {reading}" in problem or f"YAML reads {reading}" in problem
    assert "in quotes" in problem


@pytest.mark.parametrize("word", ["2", "0.9", "on", "off", "null", "2024-10-10"])
@pytest.mark.parametrize(
    "section", ["pruning", "datasets", "architectures", "resources", "compute"]
)
def test_keys_that_are_no_text_are_to_be_quoted(word, section):
    text = f"{SMALL}\n{section}:\n  {word}: {{from: snip}}\n"
    (problem,) = problems(text)
    assert problem.startswith(f"{section}.")
    assert ": is a key that YAML reads as " in problem
    assert problem.endswith("; write it in quotes")
    assert problems(SMALL.replace("digits: {", f"{word}: {{"))[0].startswith("training.")
    assert "is a key that YAML reads as" in problems(f"{word}: 1\n{SMALL}")[0]


@pytest.mark.parametrize("text", ["", "- a\n- b", "words", "2", "2024-10-10", "!!binary aGVsbG8="])
def test_a_file_that_is_no_mapping(text):
    assert problems(text)[0].startswith("configuration: ")


@pytest.mark.parametrize("word", ["true", "on", "off", ".inf", ".nan", "2024-10-10", "[1]"])
@pytest.mark.parametrize("key", ["epochs", "batch_size", "learning_rate"])
def test_numbers_are_numbers(word, key):
    values = {"epochs": 1, "batch_size": 128, "learning_rate": 0.1}
    text = SMALL.replace(f"{key}: {values[key]}", f"{key}: {word}")
    assert problems(text)[0].startswith(f"training.digits.{key}: ")


@pytest.mark.parametrize("word", [".nan", ".inf", "on", "'many'"])
def test_numbers_of_options_are_numbers(word):
    (problem,) = problems(f"{SMALL}\ndatasets:\n  digits: {{test_fraction: {word}}}\n")
    assert problem.startswith("datasets.digits.test_fraction: ")


def test_a_section_that_holds_itself():
    assert problems(SMALL + "pruning: &x {snip: *x}\n") == [
        "pruning.snip: holds itself by an alias of YAML; write out what it is to hold"
    ]


def test_a_sparsity_is_a_short_part_of_paths():
    for sparsity in ("9e-1000000", "0.9999999999999999999999"):
        (problem,) = problems(SMALL.replace('"0.9"', f'"{sparsity}"'))
        assert "at most 18 digits" in problem
    (problem,) = problems(SMALL.replace("small", "x" * 300))
    assert problem.startswith("study: ")
    assert len(problem) < 200


# Every setting once.
WHOLE = {
    "study": "small",
    "grid": {
        "algorithms": ["uniform-global", "snip", "snip-shuffled"],
        "datasets": ["digits", "flowers", "arrays"],
        "architectures": ["Resnet-20", "ViT", "timm:resnet18"],
        "sparsities": ["0.9", 0.8],
        "seeds": [0, 1],
    },
    "datasets": {
        "digits": {"test_fraction": 0.3, "split_seed": 2},
        "flowers": {"from": "image-folder", "folder": "/x", "size": 32, "channels": 3},
        "arrays": {"from": "npz", "file": "a.npz", "layout": "NHWC", "classes": 3},
    },
    "pruning": {
        "snip": {"batch_size": 64},
        "uniform-global": {"from": "uniform", "scope": "global"},
        "snip-shuffled": {"from": "snip", "shuffle": "layer", "train_weights": "redrawn"},
    },
    "architectures": {"ViT": {"from": "timm:vit_tiny_patch16_224", "patch_size": 4}},
    "accuracies": "trained",
    "training": {
        "digits": {
            "epochs": 3,
            "batch_size": 128,
            "learning_rate": 0.1,
            "momentum": 0.9,
            "weight_decay": 1e-4,
            "milestones": [1, 2],
            "decay_factor": 10,
            "augmentation": "none",
            "architectures": {"Resnet-20": {"epochs": 4, "learning_rate": 0.2, "milestones": [2]}},
        },
        "flowers": {"epochs": 3, "batch_size": 128, "learning_rate": 0.1},
        "arrays": {"epochs": 3, "batch_size": 128, "learning_rate": 0.1},
    },
    "topometrics": {"metrics": ["n2"], "weights": "trained", "identity_shortcuts": False},
    "layers": {"measure": True, "motif_size": 3},
    "analysis": {"dense_reference": "mean", "folds": 5, "scaling": "fold", "seed": 0},
    "keep": {"trained_weights": True},
    "compute": {"threads": 1, "device": "cpu", "precision": "float32", "data_folder": "data"},
    "resources": {"train": {"mem_mb": 100, "runtime": 5, "threads": 2, "gpu": 0}},
}
WRONG = [None, True, 2, 0.9, math.nan, math.inf, "x", "a\nb", ":", b"x", {1}]
WRONG += [datetime.date(2024, 1, 2), [], {}, [None], [[]], {"a": 1}, {"from": 2}, {"from": []}]
WRONG += [{None: 1}, {True: {}}, {0.9: {"from": "snip"}}]


def places(values, path=()):
    """Paths of every value in a configuration."""
    yield path
    keys = (
        values
        if isinstance(values, dict)
        else range(len(values))
        if isinstance(values, list)
        else ()
    )
    for key in keys:
        yield from places(values[key], (*path, key))


def changed(path, new):
    """The whole configuration with another value at a path."""
    if not path:
        return new
    values = deepcopy(WHOLE)
    section = values
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = new
    return values


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_wrong_type_anywhere_is_one_sentence_and_no_traceback(wrong):
    refused = []
    for path in places(WHOLE):
        try:
            configuration = load_configuration(changed(path, deepcopy(wrong)))
        except ConfigurationError as error:
            refused.append(error.problems)
            continue
        specifications = Specifications(configuration)
        for cell in list(cells(configuration))[:1]:
            canonical_json(specifications.of("train", vars(cell)))
            canonical_json(specifications.of("prune", vars(cell)))
    assert len(refused) > 40
    assert all(problems for problems in refused)
    assert all(": " in text and "\n" not in text for problems in refused for text in problems)
