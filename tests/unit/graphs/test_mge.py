"""MGE: validation, masks, files, memory, and edges against a loop over single weights."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

from sparsetopo.errors import EncodingError, FileFormatError, MaskError
from sparsetopo.files import read_json, write_json
from sparsetopo.graphs import MGE, Plan, mge_from_masks, trace
from sparsetopo.graphs.encode import encode

SHAPE = (2, 6, 5)


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 4)
    )


def edges_of(mge):
    matrix = mge.to_scipy().tocoo()
    return {(int(s), int(t)): float(w) for s, t, w in zip(*matrix.coords, matrix.data, strict=True)}


class TwoThatSeeOnlyPadding(nn.Module):
    """Their one row of windows lies above a map of one row."""

    def __init__(self):
        super().__init__()
        self.before = nn.Conv2d(1, 1, 1)
        self.first, self.second = (nn.Conv2d(1, 2, 1, stride=3, padding=1) for _ in range(2))
        self.last = nn.Linear(2 * 2, 3)

    def forward(self, x):
        x = self.before(x)
        return self.last((self.first(x) + self.second(x)).flatten(1))


def test_convolutions_that_see_only_padding_join_nothing():
    mge = encode(TwoThatSeeOnlyPadding(), (1, 1, 4))
    assert mge.num_edges == 4 + 4 * 3
    between_pixels = {(n, 4 + n) for n in range(4)}
    assert set(edges_of(mge)) == between_pixels | {
        (8 + n, 12 + unit) for n in range(4) for unit in range(3)
    }


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize("padding", [0, 1])
def test_strided_conv_against_a_loop_over_its_definition(size, padding):
    """A padded stride-2 convolution of an even size leaves the last row unused; nothing shifts."""
    net = nn.Sequential(
        nn.Conv2d(1, 2, 1, bias=False), nn.Conv2d(2, 3, 3, stride=2, padding=padding, bias=False)
    )
    out = (size + 2 * padding - 3) // 2 + 1
    first, second = (m.weight.detach().abs().numpy() for m in net)
    expected, base, last = {}, size * size, 3 * size * size
    for c in range(2):
        for y in range(size):
            for x in range(size):
                expected[y * size + x, base + (c * size + y) * size + x] = float(first[c, 0, 0, 0])
    for o, i, ky, kx, y, x in np.ndindex(3, 2, 3, 3, out, out):
        row, column = 2 * y + ky - padding, 2 * x + kx - padding
        if 0 <= row < size and 0 <= column < size:
            source, target = base + (i * size + row) * size + column, last + (o * out + y) * out + x
            expected[source, target] = float(second[o, i, ky, kx])
    assert edges_of(encode(net, (1, size, size))) == expected


def test_conv1d_network_against_a_loop():
    net = nn.Sequential(
        nn.Conv1d(2, 2, 3, stride=2, padding=1, bias=False),
        nn.AvgPool1d(2, 1),
        nn.Flatten(),
        nn.Linear(4, 2, bias=False),
    )
    kernel, matrix = net[0].weight.detach().abs().numpy(), net[3].weight.detach().abs().numpy()
    expected = {}
    for o, i, k, x in np.ndindex(2, 2, 3, 3):
        expected[i * 7 + 2 * x + k, 14 + o * 3 + x] = float(kernel[o, i, k])
    for o, c, pooled, tap in np.ndindex(2, 2, 2, 2):
        edge = (14 + c * 3 + pooled + tap, 20 + o)
        expected[edge] = expected.get(edge, 0.0) + float(matrix[o, c * 2 + pooled])
    found = edges_of(encode(net, (2, 5)))
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, rel=1e-6)


def test_mask_decides_not_the_value():
    net = small_net()
    with torch.no_grad():
        net[0].weight[0, 0, 1, 1] = 0.0
    kept = {"0.weight": torch.ones(3, 2, 3, 3, dtype=torch.bool)}
    dense = encode(net, SHAPE, kept)
    assert dense.num_edges == encode(net, SHAPE).num_edges + 30
    assert dense.to_scipy().nnz == dense.num_edges
    assert np.count_nonzero(dense.to_scipy().data == 0) == 30


def test_prune_masks_are_used_with_current_weights():
    net = small_net()
    prune.random_unstructured(net[0], "weight", amount=20)
    mask = net[0].weight_mask.bool()
    with torch.no_grad():
        net[0].weight_orig[mask] = 2.0  # net[0].weight is stale until the next forward pass
        net[0].weight_orig[tuple(torch.nonzero(mask)[0])] = 0.0
    mge = encode(net, SHAPE)
    np.testing.assert_array_equal(mge.masks["0.weight"], mask)
    assert np.count_nonzero(mge.weights["0.weight"] == 2.0) == mask.sum() - 1
    by_old_name = encode(net, SHAPE, {"0.weight": mask})
    by_new_name = encode(net, SHAPE, {"0.weight_orig": mask})
    assert edges_of(mge) == edges_of(by_old_name) == edges_of(by_new_name)


def test_parametrized_weight_is_the_effective_one():
    class Double(nn.Module):
        def forward(self, weight):
            return 2 * weight

    net = small_net()
    plain = encode(net, SHAPE).weights["4.weight"]
    parametrize.register_parametrization(net[4], "weight", Double())
    np.testing.assert_array_equal(encode(net, SHAPE).weights["4.weight"], 2 * plain)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(dtype):
    mge = encode(small_net().to(dtype), SHAPE)
    assert mge.to_scipy().dtype == np.float32
    assert mge.weights["0.weight"].dtype == np.float32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_model_on_a_gpu():
    net = small_net()
    expected = edges_of(encode(net, SHAPE))
    mask = torch.ones(3, 2, 3, 3, dtype=torch.bool, device="cuda")
    assert edges_of(encode(net.cuda(), SHAPE, {"0.weight": mask})) == expected
    assert net[0].weight.is_cuda


@pytest.mark.parametrize(
    ("masks", "word"),
    [
        ({"1.weight": np.ones(1, bool)}, "1.weight"),
        ({"0.weight": np.ones((3, 2, 3), bool)}, r"0.weight.*\(3, 2, 3\)"),
        ({"0.weight": np.full((3, 2, 3, 3), 0.5)}, "0.weight"),
    ],
)
def test_masks_that_do_not_fit(masks, word):
    with pytest.raises(MaskError, match=word):
        encode(small_net(), SHAPE, masks)


def test_non_finite_weights_are_refused_only_where_kept():
    net = small_net()
    with torch.no_grad():
        net[4].weight[0, 0] = torch.nan
    with pytest.raises(EncodingError, match=r"4\.weight.*finite"):
        encode(net, SHAPE)
    mask = np.ones((4, 18), bool)
    mask[0, 0] = False
    assert np.isfinite(encode(net, SHAPE, {"4.weight": mask}).to_scipy().data).all()


def test_without_edges():
    net = small_net()
    masks = {
        name: np.zeros(tuple(net.get_parameter(name).shape), bool)
        for name in ("0.weight", "4.weight")
    }
    mge = encode(net, SHAPE, masks)
    assert mge.num_edges == mge.to_scipy().nnz == 0
    assert mge.to_scipy().shape == (mge.num_nodes,) * 2


def random_mge():
    net, rng = small_net(), np.random.default_rng(1)
    plan = trace(net, SHAPE)
    weights = {name: p.detach().numpy() for name, p in net.named_parameters()}
    return mge_from_masks(plan, weights, {"0.weight": rng.random((3, 2, 3, 3)) < 0.3})


def test_save_and_load(tmp_path):
    mge = random_mge()
    mge.save(tmp_path / "mge.safetensors", {"seed": 1})
    loaded = MGE.load(tmp_path / "mge.safetensors")
    assert loaded.plan == mge.plan
    assert loaded.layer_sizes == mge.layer_sizes == [112, 90, 4]
    assert loaded.layer_offsets == [0, 112, 202, 206]
    assert edges_of(loaded) == edges_of(mge)


def test_damaged_files(tmp_path):
    path = tmp_path / "mge.safetensors"
    random_mge().save(path)
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:-1], b"", b"{}"):
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"mge\.safetensors"):
            MGE.load(path)
    with pytest.raises(FileFormatError, match="no such file"):
        MGE.load(tmp_path / "absent")


def test_plan_file(tmp_path):
    plan, path = random_mge().plan, tmp_path / "plan.json"
    plan.save(path, {"architecture": "small"})
    assert Plan.load(path) == plan
    good = read_json(path)
    assert good["specification"] == {"architecture": "small"}

    def damage(change):
        record = json.loads(json.dumps(good))
        change(record)
        write_json(path, record)
        with pytest.raises(FileFormatError, match=r"plan\.json"):
            Plan.load(path)

    damage(lambda r: r.update(version=99))
    damage(lambda r: r.update(format="something else"))
    damage(lambda r: r.pop("axes"))
    damage(lambda r: r["blocks"][0].update(target=0))
    damage(lambda r: r["blocks"][0].update(shape=[1, 3, 7, 3, 3]))
    damage(lambda r: r["blocks"][0].update(strides=[1, 2, 3]))
    damage(lambda r: r["blocks"][0].update(offset=10**20))
    damage(lambda r: r["blocks"][1].update(parameter="absent"))
    damage(lambda r: r["axes"][0][0].__setitem__(0, 999))
    damage(lambda r: r["node_layers"][0].update(height=0))


def test_missing_weights_and_foreign_masks_without_torch():
    mge = random_mge()
    with pytest.raises(EncodingError, match=r"4\.weight"):
        mge_from_masks(mge.plan, {"0.weight": mge.weights["0.weight"]})
    with pytest.raises(MaskError, match="nowhere"):
        mge_from_masks(mge.plan, mge.weights, {"nowhere": np.ones(1, bool)})
    with pytest.raises(MaskError, match=r"0\.weight"):
        MGE(mge.plan, mge.weights, {"4.weight": mge.masks["4.weight"]})
