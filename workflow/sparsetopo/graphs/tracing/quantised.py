"""Which operators compute with quantised numbers, and what to do about a network that is quantised.

Their weights are packed, or integers whose scales are elsewhere: a handler of one's own would not help.
"""

import re

# Libraries and operators of torch, torchao, onednn and bitsandbytes; quantiles are something else.
_QUANTISED = re.compile(
    r"quant(?!ile|um)|qparams|qlinear|qconv|int_mm|(?<![a-z])u?int[48]|[48]bit|fbgemm|torchao"
)

ADVICE = (
    "encode the network as it was before it was quantised, or give its modules dequantised weights"
)
"""What to do, as the second half of a sentence."""


def is_quantised(operator: str) -> bool:
    """Whether an operator, by its name, makes or reads quantised numbers, simulated ones included.

    Examples
    --------
    >>> [is_quantised(f"quantized::{name}") for name in ("linear_dynamic", "conv2d_relu")]
    [True, True]
    >>> [is_quantised(f"aten::{name}") for name in ("_weight_int8pack_mm", "fake_quantize_per_tensor_affine_cachemask")]
    [True, True]
    >>> [is_quantised(name) for name in ("aten::nanquantile", "aten::mm", "my_library::point4")]
    [False, False, False]
    """
    return bool(_QUANTISED.search(operator))
