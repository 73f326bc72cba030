"""``sparsetopo layers``: a row a layer, of the library's records."""

import csv
import io
import json

import numpy as np
import pytest
from tests.unit.command_line.conftest import WORDS

import sparsetopo as st
from sparsetopo.layers import layer_kinds, ramanujan_records, topometric_records

pytestmark = pytest.mark.usefixtures("model")
LAYERS = ("layers", *WORDS, "--weights", "weights.pt", "--mask", "mask-0.safetensors")


def test_rows_are_the_records_of_the_library(command, model, masks):
    rows = json.loads(command(*LAYERS, "--format", "json").out)
    mge = st.encode(model, (1, 4, 4), masks[0])
    kinds = layer_kinds(mge.plan)
    assert [row["name"] for row in rows] == list(masks[0])
    for records in (
        topometric_records(mge.weights, mge.masks, kinds, encodings=["rolled"]),
        ramanujan_records(mge.weights, mge.masks, kinds),
    ):
        for row, record in zip(rows, records, strict=True):
            wanted = {key: record[key] for key in record if key not in ("layer", "encoding")}
            assert wanted.items() <= row.items()


def test_kept_weights_and_dead_channels_are_counted(command, masks):
    ended = command(*LAYERS, "--parts", "structure", "--format", "csv")
    conv, linear = csv.DictReader(io.StringIO(ended.out))
    mask = masks[0]["3.weight"]
    assert int(linear["weights"]) == mask.sum()
    assert (int(linear["parameters"]), linear["shape"]) == (192, "3x64")
    assert float(linear["density"]) == mask.sum() / 192
    assert int(linear["dead_inputs"]) == sum(not column.any() for column in mask.T)
    assert int(conv["dead_outputs"]) == sum(not kernel.any() for kernel in masks[0]["0.weight"])
    assert "delta_r" not in linear


def test_other_patterns_have_columns_of_their_own(command, masks):
    words = ("--parts", "structure", "--patterns", "1:2", "--blocks", "3x2,1x1", "--format", "json")
    _, linear = json.loads(command(*LAYERS, *words).out)
    pairs = masks[0]["3.weight"].reshape(3, 32, 2).sum(axis=2)
    assert linear["1:2"] == np.mean(pairs <= 1)
    assert linear["1x1"] == 1
    assert {"2:4", "4x4"}.isdisjoint(linear)


def test_a_table_a_part_is_for_eyes(command, masks):
    out = command(*LAYERS).out
    assert [line for line in out.splitlines() if line in ("structure", "ramanujan", "topometrics")]
    assert out.count("0.weight") == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--parts", "structur"), "did you mean 'structure'?"),
        (("--patterns", "4:2"), "is no N:M pattern"),
        (("--patterns", "2-4"), "is no N:M pattern"),
        (("--blocks", "4"), "is no block"),
        (("--mask", "mask-1.safetensors"), "one network has one"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(command, masks, words, said):
    ended = command(*LAYERS, *words)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err.splitlines()[-1]


def test_patterns_and_blocks_may_be_none(command):
    ended = command(
        *LAYERS, "--parts", "structure", "--patterns", "", "--blocks", "", "--format", "csv"
    )
    assert ended.status == 0
    header = ended.out.splitlines()[0]
    assert "dead_outputs" in header
    assert "2:4" not in header
    assert "4x4" not in header
