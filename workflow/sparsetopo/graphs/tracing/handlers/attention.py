"""Handlers of products of data with data: attention scores, and what they weigh.

Element (i, j) of a product of two data matrices reads row i of the first and column j of the second. Where the first
holds probabilities that are certainly 0 (a causal mask, a window), the rows of the second there are not read.
"""

import torch
from torch import Tensor

from sparsetopo.graphs.planning import windows
from sparsetopo.graphs.planning.recording import HIDDEN, ZERO, Union
from sparsetopo.graphs.planning.windows import Windows
from sparsetopo.graphs.tracing.handlers.elementwise import hides
from sparsetopo.graphs.tracing.handlers.reducing import pooled
from sparsetopo.graphs.tracing.operators import Call, register_operation


def product_of_data(call: Call, left: Tensor, right: Tensor) -> Tensor:
    """Ids of left @ right, of (batch, i, k) and (batch, k, j) data."""
    first, second = call.ids(left), call.ids(right)
    if bool((second == ZERO).any()) and not bool((first == ZERO).any()):
        return _product(call, second.mT, first.mT, right).mT
    return _product(call, first, second, left)


def _product(call: Call, first: Tensor, second: Tensor, weighing: Tensor) -> Tensor:
    """The same, from ids; `weighing` is the tensor that may hold probabilities."""
    values_only = call.recorder.attention == "values" and call.recorder.noted(
        "probability", weighing
    )
    result = (len(first), first.shape[1], second.shape[2])
    operands = [_seen(call, second, first != ZERO)]
    if not values_only:
        run = pooled(call, first, 2, windows.everything(first.shape[2]))
        operands.insert(0, torch.from_numpy(run.array()).expand(result))
    unread = [first] if values_only else []
    site = call.record(Union(is_sum=False), [o.expand(result) for o in operands], result, unread)
    return torch.from_numpy(site.run.array())


def _seen(call: Call, values: Tensor, visible: Tensor) -> Tensor:
    """Ids of what each (batch, i) reads of (batch, k, j) values, where (batch, i, k) are visible."""
    if bool(visible.all()):
        run = pooled(call, values, 1, windows.everything(values.shape[1]))
        return torch.from_numpy(run.array())
    result = torch.empty((len(values), visible.shape[1], values.shape[2]), dtype=torch.int64)
    for members, pattern in _patterns(visible):
        run = pooled(call, values[members], 1, _windows(pattern))
        result[members] = torch.from_numpy(run.array())
    return result


def _patterns(visible: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Members of the first axis with equal patterns, and the pattern."""
    kinds, inverse = torch.unique(visible.flatten(1), dim=0, return_inverse=True)
    return [
        (torch.nonzero(inverse == kind).flatten(), kinds[kind].view(visible.shape[1:]))
        for kind in range(len(kinds))
    ]


def _windows(pattern: Tensor) -> Windows:
    known: dict[bytes, tuple[int, ...]] = {}
    return tuple(
        known.setdefault(row.numpy().tobytes(), tuple(torch.nonzero(row).flatten().tolist()))
        for row in pattern
    )


@register_operation(
    "aten::_scaled_dot_product_flash_attention_for_cpu",
    "aten::_scaled_dot_product_flash_attention",
    "aten::_scaled_dot_product_efficient_attention",
    "aten::_scaled_dot_product_cudnn_attention",
    "aten::_scaled_dot_product_fused_attention_overrideable",
)
def scaled_dot_product_attention(call: Call) -> None:
    """Handle attention in one operator, of (batch, heads, tokens, channels) queries, keys and values."""
    query, key, value = (call.argument(name) for name in ("query", "key", "value"))
    visible = _visible(call, query, key)
    result = call.result[0]
    shape = tuple(result.shape)
    values, key_ids = (_like_queries(call.ids(t), query.shape[1]) for t in (value, key))
    operands = [_seen(call, values, visible)]
    mask = call.argument("attn_mask", call.argument("attn_bias"))
    if call.recorder.attention == "all":
        queries = pooled(call, _flat_heads(call.ids(query)), 2, windows.everything(query.shape[-1]))
        keys = pooled(call, key_ids, 2, windows.everything(key.shape[-1]))
        operands.append(torch.from_numpy(queries.array()))
        operands.append(_seen(call, torch.from_numpy(keys.array()), visible))
        if call.is_data(mask):
            ids = _flat_heads(call.ids(mask).expand(*shape[:3], key.shape[2]))
            operands.append(
                torch.from_numpy(pooled(call, ids, 2, windows.everything(key.shape[2])).array())
            )
    unread = [call.ids(query), call.ids(key)] if len(operands) == 1 else []
    flat = (shape[0] * shape[1], *shape[2:])
    site = call.record(Union(is_sum=False), [o.expand(flat) for o in operands], flat, unread)
    call.returns(torch.from_numpy(site.run.array()).view(shape), result)
    for other in call.result[1:]:
        if isinstance(other, Tensor) and not call.is_data(other):
            call.returns(torch.full(other.shape, -1), other)


def _like_queries(ids: Tensor, heads: int) -> Tensor:
    """Flattened heads of keys or values, of which several heads of queries may share one."""
    return _flat_heads(ids.repeat_interleave(heads // ids.shape[1], 1))


def _flat_heads(ids: Tensor) -> Tensor:
    return ids.reshape(-1, *ids.shape[2:])


def _visible(call: Call, query: Tensor, key: Tensor) -> Tensor:
    """(batch * heads, queries, keys) whether a key is seen."""
    shape = (*query.shape[:3], key.shape[2])
    visible = torch.ones(shape, dtype=torch.bool)
    mask = call.argument("attn_mask", call.argument("attn_bias"))
    if isinstance(mask, Tensor) and not call.is_data(mask):
        learned = call.recorder.constants.is_learned(mask)
        shown = mask.to("cpu") if mask.dtype == torch.bool else ~hides(mask, learned=learned)
        visible = visible & shown.expand(shape)
    elif call.is_data(mask):
        visible = visible & (call.ids(mask) != HIDDEN).expand(shape)
    if call.argument("is_causal"):
        visible = visible.tril()
    return visible.flatten(0, 1)
