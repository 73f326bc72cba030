"""Masks as people have them become bool arrays, or one sentence says what is wrong."""

import numpy as np
import pytest
import scipy.sparse
import torch
from torch import nn

from sparsetopo.errors import MaskError
from sparsetopo.networks.masks import bool_mask

KEPT = torch.tensor([[1, 0, 1, 1], [0, 0, 1, 0]], dtype=torch.bool)
NUMBERS = KEPT.float()

KINDS = {
    "bool": KEPT,
    "bool array": KEPT.numpy(),
    "float16 array": NUMBERS.numpy().astype(np.float16),
    "object of numpy": np.array(KEPT.numpy(), dtype=np.uint32),
    "scipy": scipy.sparse.csr_matrix(KEPT.numpy()),
    "scipy array of floats": scipy.sparse.coo_array(NUMBERS.numpy()),
    "lists of bools": KEPT.tolist(),
    "lists of numbers": NUMBERS.tolist(),
    "tuple of rows": tuple(KEPT),
    "list of bfloat16 rows": list(NUMBERS.bfloat16()),
    "list of array rows": list(KEPT.numpy()),
    "parameter": nn.Parameter(NUMBERS),
    "sparse parameter": nn.Parameter(NUMBERS.to_sparse()),
    "transposed twice": KEPT.T.contiguous().T,
    "quantized": torch.quantize_per_tensor(NUMBERS, 1.0, 0, torch.quint8),
    "inference": torch.inference_mode()(NUMBERS.clone)(),
}
for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.uint8,
              torch.int64, torch.uint16):  # fmt: skip
    KINDS[str(dtype)] = NUMBERS.to(dtype)
for dtype in (torch.bool, torch.float32, torch.float16, torch.bfloat16, torch.int32):
    KINDS[f"COO {dtype}"] = NUMBERS.to(dtype).to_sparse()
    for layout in ("csr", "csc"):
        KINDS[f"{layout} {dtype}"] = getattr(NUMBERS.to(dtype), f"to_sparse_{layout}")()
KINDS["bsr"] = NUMBERS.to_sparse_bsr((2, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_bools(kind):
    array = bool_mask("fc.weight", KINDS[kind])
    assert array.dtype == np.bool_
    np.testing.assert_array_equal(array, KEPT.numpy())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (KEPT.to("meta"), "on the device 'meta', which holds no values"),
        (NUMBERS * 0.5, r"float32\) holds 0.5, but must be bool.*weight != 0"),
        (NUMBERS.bfloat16() * -1, "holds -1"),
        (torch.where(KEPT, torch.nan, 1.0), "holds nan"),
        (NUMBERS.to(torch.complex64), "has type complex64"),
        ([["a", "b"]], "has type <U1"),
        ([[1, 0], [1]], "no values that can be read"),
        ([[None, True]], "has type object"),
        (None, "has type object"),
        ("mask.pt", "has type <U7"),
        (nn.parameter.UninitializedParameter(), "UninitializedParameter.*no values"),
        (torch.sparse_coo_tensor([[0, 0], [1, 1]], [1.0, 1.0], (2, 4)), "holds 2"),
    ],
)
def test_what_is_no_mask_is_named(value, message):
    with pytest.raises(MaskError, match=message) as caught:
        bool_mask("fc.weight", value)
    assert "'fc.weight'" in str(caught.value)
    assert "\n" not in str(caught.value)
