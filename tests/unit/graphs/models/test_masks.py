"""Masks in every form that people have them in, and tied weights under either name."""

import numpy as np
import pytest
import torch
from tests.oracle.agreement import assert_agrees, assert_refused, works_or_is_refused
from torch import nn
from torch.nn import functional

import sparsetopo as st
from sparsetopo.errors import MaskError


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)
    )


def masks():
    generator = torch.Generator().manual_seed(0)
    return {
        "0.weight": torch.rand(2, 1, 3, 3, generator=generator) < 0.5,
        "4.weight": torch.rand(3, 32, generator=generator) < 0.5,
    }


def edges(given):
    return st.encode(network(), (1, 4, 4), given).num_edges


SAME = {
    "bool": lambda m: m,
    "numpy": lambda m: m.numpy(),
    "float32": lambda m: m.float(),
    "float64": lambda m: m.double(),
    "uint8": lambda m: m.byte(),
    "int64": lambda m: m.long(),
    "bfloat16": lambda m: m.bfloat16(),
    "float16": lambda m: m.half(),
    "parameters": lambda m: nn.Parameter(m.float()),
    "nested lists": lambda m: m.tolist(),
    "nested tuples of numbers": lambda m: (
        tuple(map(tuple, m.int().tolist())) if m.dim() == 2 else m.int().tolist()
    ),
    "sparse COO": lambda m: m.float().to_sparse(),
    "sparse COO, bool": lambda m: m.to_sparse(),
    "not contiguous": lambda m: m.transpose(0, -1).contiguous().transpose(0, -1),
    "numpy bool objects": lambda m: np.asfortranarray(m.numpy()),
}


@pytest.mark.parametrize("form", sorted(SAME))
def test_a_mask_means_the_same_in_every_form(form):
    assert edges({name: SAME[form](mask) for name, mask in masks().items()}) == edges(masks())


def test_compressed_masks_mean_the_same():
    plain = masks()
    for form in (torch.Tensor.to_sparse_csr, torch.Tensor.to_sparse_csc):
        assert edges({**plain, "4.weight": form(plain["4.weight"].float())}) == edges(plain)


REFUSED = {
    "meta": lambda m: {k: v.to("meta") for k, v in m.items()},
    "weights for masks": lambda m: {k: torch.rand(v.shape) + 1 for k, v in m.items()},
    "transposed": lambda m: {"4.weight": m["4.weight"].T},
    "flat": lambda m: {"4.weight": m["4.weight"].flatten()},
    "ragged lists": lambda m: {"4.weight": [[1, 0], [1]]},
    "text": lambda m: {"4.weight": "all"},
    "None for a mask": lambda m: {"4.weight": None},
    "NaN": lambda m: {"4.weight": torch.full((3, 32), torch.nan)},
    "complex": lambda m: {"4.weight": m["4.weight"].to(torch.complex64)},
    "two": lambda m: {"4.weight": m["4.weight"].long() * 2},
}


@pytest.mark.parametrize("form", sorted(REFUSED))
def test_what_is_no_mask_is_refused_by_the_name_of_its_parameter(form):
    assert_refused(lambda: edges(REFUSED[form](masks())), ("4.weight", "0.weight"), error=MaskError)


NAMED = {
    "module.": lambda m: {"module." + k: v for k, v in m.items()},
    "_orig_mod.": lambda m: {"_orig_mod." + k: v for k, v in m.items()},
    "modules": lambda m: {k.removesuffix(".weight"): v for k, v in m.items()},
    "_mask": lambda m: {k + "_mask": v for k, v in m.items()},
}


@pytest.mark.parametrize("way", sorted(NAMED))
def test_masks_under_foreign_names_work_or_are_refused_by_name(way):
    given = NAMED[way](masks())
    works_or_is_refused(lambda: edges(given), edges(masks()), next(iter(given)))


def test_a_mask_of_the_whole_state_works_or_is_refused_by_name():
    state = {name: tensor != 0 for name, tensor in network().state_dict().items()}
    whole = edges(None)
    works_or_is_refused(lambda: edges(state), whole, "1.")


class Tied(nn.Module):
    """Encoder and decoder share their weight."""

    def __init__(self):
        super().__init__()
        self.enc, self.dec = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.dec.weight = self.enc.weight

    def forward(self, x):
        return self.dec(functional.relu(self.enc(x)))


def test_tied_weights_go_by_either_name():
    net, mask = Tied(), torch.rand(4, 4) < 0.5
    kept = int(mask.sum())
    for names in (["enc.weight"], ["dec.weight"], ["enc.weight", "dec.weight"]):
        assert st.encode(net, (4,), dict.fromkeys(names, mask)).num_edges == 2 * kept
    assert_agrees(net, (4,), {"enc.weight": mask})


def test_tied_weights_with_two_masks_are_refused():
    net = Tied()
    given = {"enc.weight": torch.eye(4).bool(), "dec.weight": torch.ones(4, 4).bool()}
    assert_refused(lambda: st.encode(net, (4,), given), "dec.weight", "enc.weight", error=MaskError)


class TiedTransposed(nn.Module):
    """The decoder uses the encoder's weight the other way round."""

    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(5, 3, bias=False)

    def forward(self, x):
        return functional.linear(self.enc(x), self.enc.weight.t())


def test_one_mask_serves_a_weight_and_its_transpose():
    net, mask = TiedTransposed(), torch.rand(3, 5) < 0.5
    assert assert_agrees(net, (5,), {"enc.weight": mask}).num_edges == 2 * int(mask.sum())
