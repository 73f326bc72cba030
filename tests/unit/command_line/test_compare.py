"""``sparsetopo compare``: overlaps, degree sequences and metrics of two masks, against slow references."""

import csv
import io
import json

import numpy as np
import pytest
import torch
from scipy.spatial.distance import braycurtis
from scipy.stats import hypergeom, wasserstein_distance
from tests.unit.command_line.conftest import WORDS, random_mask

import sparsetopo as st
from sparsetopo import commands
from sparsetopo.analysis.degree_distance import degree_distances
from sparsetopo.analysis.mask_overlap import overlap_records
from sparsetopo.errors import EncodingError, MaskError, UsageError

pytestmark = pytest.mark.usefixtures("model", "masks")
FILES = ("mask-0.safetensors", "mask-1.safetensors")
MODEL = ("--model", *WORDS, "--weights", "weights.pt")


def kept(mask):
    """The kept weights as a set of (layer, flat index)."""
    return {(n, int(i)) for n, array in mask.items() for i in np.flatnonzero(array)}


def test_overlaps_are_those_of_sets(command, masks):
    rows = json.loads(command("compare", *FILES, "--format", "json").out)
    assert [(row["part"], row["name"]) for row in rows] == [
        ("masks", "all layers"),
        ("layer", "0.weight"),
        ("layer", "3.weight"),
    ]
    for row in rows:
        a, b = (
            {place for place in kept(mask) if row["part"] == "masks" or place[0] == row["name"]}
            for mask in masks
        )
        assert (row["a"], row["b"], row["shared"]) == (len(a), len(b), len(a & b))
        assert row["difference"] == len(b) - len(a)
        assert row["iou"] == pytest.approx(len(a & b) / len(a | b))


def test_chance_is_that_of_random_masks_of_the_same_layers():
    random = np.random.default_rng(0)
    first, second = (
        {"x": random.random(400) < p, "y": random.random(900) < q}
        for p, q in ((0.9, 0.2), (0.6, 0.1))
    )
    whole, *layers = overlap_records(first, second)
    drawn = []
    for _ in range(2000):
        a, b = ({n: random.permutation(mask) for n, mask in own.items()} for own in (first, second))
        drawn.append(len(kept(a) & kept(b)) / len(kept(a) | kept(b)))
    assert whole["iou_random"] == pytest.approx(
        np.mean(drawn), abs=4 * np.std(drawn) / 2000**0.5 + 1e-3
    )
    for row in layers:
        shared = hypergeom(row["weights"], row["kept_a"], row["kept_b"]).mean()
        assert row["iou_random"] == pytest.approx(shared / (row["kept_a"] + row["kept_b"] - shared))


def test_equal_and_disjoint_and_empty_masks():
    mask = {"x": np.array([True, True, False, False])}
    assert overlap_records(mask, mask)[0]["iou"] == 1
    assert overlap_records(mask, {"x": ~mask["x"]})[0]["iou"] == 0
    nothing = {"x": np.zeros(4, bool)}
    assert overlap_records(nothing, nothing)[0]["iou"] is None
    with pytest.raises(MaskError, match="only one of the masks has the layer 'x'"):
        overlap_records(mask, {"y": mask["x"]})
    with pytest.raises(MaskError, match="shapes"):
        overlap_records(mask, {"x": np.ones(5, bool)})


def test_degrees_and_metrics_are_those_of_the_graphs(command, model, masks):
    ended = command("compare", *FILES, *MODEL, "--metrics", "n1,strength", "--format", "json")
    rows = {row["name"]: row for row in json.loads(ended.out)}
    graphs = [st.encode(model, (1, 4, 4), mask) for mask in masks]
    adjacency = [(mge.to_scipy() != 0).toarray() for mge in graphs]
    sequences = {
        "degree": [matrix.sum(0) + matrix.sum(1) for matrix in adjacency],
        "in_degree": [matrix.sum(0) for matrix in adjacency],
        "out_degree": [matrix.sum(1) for matrix in adjacency],
    }
    for name, (a, b) in sequences.items():
        assert rows[name]["a"] == pytest.approx(a.mean())
        assert rows[name]["wasserstein"] == pytest.approx(wasserstein_distance(a, b))
        assert rows[name]["distance"] == pytest.approx(braycurtis(np.sort(a), np.sort(b)))
    for metric in ("n1", "strength"):
        values = [st.topometrics(mge, [metric])[metric] for mge in graphs]
        assert [rows[metric]["a"], rows[metric]["b"]] == values
        assert rows[metric]["difference"] == values[1] - values[0]


def test_sequences_do_not_depend_on_which_node_has_which_degree():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    mask = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)
    a, b = (st.encode(model, (1, 2, 2), {"1.weight": m}) for m in (mask, mask[::-1, ::-1].copy()))
    assert [row["distance"] for row in degree_distances(a, b)] == [0, 0, 0]
    nothing = st.encode(model, (1, 2, 2), {"1.weight": np.zeros((3, 4), bool)})
    assert [row["distance"] for row in degree_distances(nothing, nothing)] == [0, 0, 0]
    assert [row["distance"] for row in degree_distances(a, nothing)] == [1, 1, 1]
    with pytest.raises(EncodingError, match="not of one network"):
        degree_distances(a, st.encode(torch.nn.Linear(9, 2), (9,)))


def test_a_checkpoint_has_its_own_weights(command, model, masks, folder):
    pruned = {
        name: value * torch.from_numpy(masks[0][name]) if name in masks[0] else 3 * value
        for name, value in model.state_dict().items()
    }
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in pruned.items()}},
        folder / "after.pt",
    )
    words = (
        "compare",
        "after.pt",
        "mask-1.safetensors",
        *MODEL,
        "--metrics",
        "strength",
        "--format",
        "csv",
    )
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(command(*words).out))}
    assert float(rows["all layers"]["shared"]) == len(kept(masks[0]) & kept(masks[1]))
    expected = [
        st.topometrics(st.encode(model, (1, 4, 4), mask), ["strength"])["strength"]
        for mask in masks
    ]
    assert [float(rows["strength"]["a"]), float(rows["strength"]["b"])] == pytest.approx(expected)
    alone = command("compare", "mask-1.safetensors", "after.pt", "--format", "json")
    assert json.loads(alone.out)[0]["shared"] == len(kept(masks[0]) & kept(masks[1]))
    assert "the non-zero weights of its 2 tensors" in alone.err


def test_tables_are_for_eyes(command):
    shown = command("compare", *FILES, *MODEL, "--metrics", "n1").out
    assert "Sorted degree sequences" in shown
    assert "Topometrics" in shown
    alone = command("compare", *FILES).out
    assert "iou_random" in alone
    assert "Topometrics" not in alone


def test_mappings_and_modules_are_taken(model, masks):
    comparison = commands.compare(*masks, model, input_shape=(1, 4, 4), metrics=[])
    assert comparison.overlap == overlap_records(*masks)
    assert comparison.metrics == []
    with pytest.raises(UsageError, match="given by themselves"):
        commands.compare(*masks, mask="mask.pt")


def test_what_only_one_has_is_named(command, masks, folder):
    st.Mask({"3.weight": masks[0]["3.weight"]}).save(folder / "part.safetensors")
    ended = command("compare", "part.safetensors", "mask-1.safetensors", "--format", "json")
    assert [row["name"] for row in json.loads(ended.out)] == ["all layers", "3.weight"]
    assert "only one of the two has '0.weight'" in ended.err


REFUSED = [
    (("compare", FILES[0]), 2, "Missing argument"),
    (("compare", *FILES, "--metrics", "n1"), 2, "only masks are compared without a network"),
    (("compare", *FILES, "--input", "1x4x4"), 2, "only masks are compared without a network"),
    (("compare", *FILES, *MODEL, "--metrics", "n0"), 2, "unknown topometric 'n0'"),
    (("compare", *FILES, "--model", "Resnet-21"), 2, "did you mean"),
    (("compare", FILES[0], "nowhere.pt"), 1, "there is no such file"),
    (("compare", FILES[0], "command_line_networks.py"), 1, "nor a readable file of torch.save"),
    (("compare", FILES[0], "other.safetensors"), 1, "masks of different networks"),
    (("compare", FILES[0], "wide.safetensors"), 1, "the masks of '3.weight' have shapes"),
    (("compare", FILES[0], "other.safetensors", *MODEL), 1, "the mask does not fit the network"),
    (("compare", "weights.pt", "weights.pt", *MODEL), 2, "hold weights of their own"),
    (("compare", FILES[0], "flat.pt"), 1, "neither masks nor a tensor of two axes"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "status", "said"), REFUSED)
def test_wrong_use_and_failures_are_one_sentence(command, folder, words, status, said):
    st.Mask({"fc.kernel": np.ones((2, 2), bool)}).save(folder / "other.safetensors")
    wide = random_mask(0)
    st.Mask({**wide, "3.weight": np.ones((3, 65), bool)}).save(folder / "wide.safetensors")
    torch.save({"bias": torch.full((3,), 0.5)}, folder / "flat.pt")
    ended = command(*words)
    assert ended.status == status, ended.err
    assert said in ended.err.splitlines()[-1]
    assert ended.out == ""
