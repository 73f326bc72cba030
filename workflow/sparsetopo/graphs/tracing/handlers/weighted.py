"""Handlers of operators with weights: convolutions, products with matrices, embeddings; and products of data."""

from typing import Any

import torch
from torch import Tensor

from sparsetopo.graphs.planning.recording import (
    HIDDEN,
    Convolution,
    Input,
    Matrix,
    Run,
    Union,
    Weight,
)
from sparsetopo.graphs.tracing.handlers.attention import product_of_data
from sparsetopo.graphs.tracing.handlers.elementwise import elementwise, hides
from sparsetopo.graphs.tracing.operators import Call, register_operation

# Matrices of a batch that are taken one by one.
_MOST_MATRICES = 4096


def weight_of(call: Call, tensor: Tensor) -> Weight:
    """The weights of an operation; EncodingError if they depend on the data or are random."""
    if call.is_data(tensor):
        if bool((call.ids(tensor) >= 0).any()):
            raise call.fail(
                "its weights depend on the input (a dynamic convolution), which the graph cannot express."
            )
        raise call.fail("its weights are random numbers that are drawn while the model runs.")
    return call.recorder.constants.weight(tensor, call.origin.module)


def _per_axis(setting: Any, axes: int) -> tuple[int, ...]:
    values = [int(v) for v in setting]
    return tuple(values * axes if len(values) == 1 else values)


@register_operation("aten::convolution", "aten::_convolution", "aten::convolution_overrideable")
def convolution(call: Call) -> None:
    """Handle convolutions, transposed or not, in any number of dimensions."""
    tensor, weight = call.argument("input"), call.argument("weight")
    if not call.is_data(tensor):
        weight_of(call, weight)
    axes = tensor.dim() - 2
    paddings = tuple((p, p) for p in _per_axis(call.argument("padding"), axes))
    elements = call.elements(tensor)
    if call.recorder.own_padding is not None:
        # With padding="same" it may pad unevenly, by an operator before this one.
        elements, paddings = call.recorder.own_padding
    kind = Convolution(
        weight_of(call, weight),
        bool(call.argument("transposed")),
        int(call.argument("groups")),
        _per_axis(call.argument("stride"), axes),
        paddings,
        _per_axis(call.argument("dilation"), axes),
    )
    site = call.record(kind, [elements], call.result.shape)
    call.returns(site.run)
    bias = call.argument("bias")
    if call.is_data(bias):
        _add_data(call, call.ids(bias).view(-1, *(1,) * axes))


def _product(call: Call, left: Tensor, right: Tensor, result: Tensor) -> None:
    """Record left @ right, of two matrices."""
    if call.is_data(left) and call.is_data(right):
        both = [bool((call.ids(t) >= 0).any()) for t in (left, right)]
        if all(both):
            ids = product_of_data(call, left[None], right[None])
            call.returns(ids[0], result)
            return
        weight_of(call, right if both[0] else left)
    if call.is_data(left):
        site = call.record(Matrix(weight_of(call, right.t())), [call.elements(left)], result.shape)
        call.returns(site.run, result)
    else:
        operand = call.ids(right).t()
        site = call.record(Matrix(weight_of(call, left)), [operand], result.shape[::-1])
        call.returns(torch.from_numpy(site.run.array()).t(), result)


@register_operation("aten::mm")
def matrix_product(call: Call) -> None:
    """Handle a product of two matrices."""
    _product(call, call.argument("self"), call.argument("mat2"), call.result)


@register_operation("aten::addmm")
def matrix_product_and_sum(call: Call) -> None:
    """Handle a product of two matrices, to which something is added."""
    added, left, right = (call.argument(name) for name in ("self", "mat1", "mat2"))
    if not (call.is_data(left) or call.is_data(right)):
        call.returns(call.ids(added).expand(call.result.shape))
        return
    _product(call, left, right, call.result)
    _add(call, added)


def _add(call: Call, added: Tensor) -> None:
    """Add a tensor to a product: data, or a constant that may hide attention scores."""
    if call.argument("beta") == 0:
        return
    if call.is_data(added):
        _add_data(call, call.ids(added))
    elif not call.recorder.constants.is_learned(added) and bool(hides(added).any()):
        ids = call.ids(call.result)
        call.returns(torch.where(hides(added), HIDDEN, ids))


def _add_data(call: Call, ids: Tensor) -> None:
    """Record that elements are added to the result."""
    first, second = call.elements(call.result), ids.expand(call.result.shape)
    call.returns(call.record(Union(is_sum=True), [first, second], call.result.shape).run)


@register_operation("aten::mv", "aten::dot", "aten::vdot")
def vector_product(call: Call) -> None:
    """Handle products of a matrix or vector with a vector."""
    left, right = call.tensors()
    left = left if left.dim() == 2 else left[None]
    _product(call, left, right[:, None], call.result.view(len(left), 1))


@register_operation("aten::bmm", "aten::baddbmm")
def batched_product(call: Call) -> None:
    """Handle products of several matrices each."""
    names = ("self", "mat2") if call.name == "bmm" else ("batch1", "batch2")
    left, right = (call.argument(name) for name in names)
    if call.is_data(left) and call.is_data(right):
        call.returns(product_of_data(call, left, right))
    else:
        _one_by_one(call, left, right)
    if call.name == "baddbmm":
        _add(call, call.argument("self"))


def _one_by_one(call: Call, left: Tensor, right: Tensor) -> None:
    constant = right if call.is_data(left) else left
    count = len(constant)
    if count > 1 and constant.stride(0) == 0 and call.is_data(left):
        # The same matrix for all: one product of all rows.
        rows = left.reshape(-1, left.shape[2])
        site = call.record(
            Matrix(weight_of(call, right[0].t())),
            [call.ids(left).reshape(rows.shape)],
            (len(rows), right.shape[2]),
        )
        call.returns(torch.from_numpy(site.run.array()).view(call.result.shape))
        return
    if count > _MOST_MATRICES:
        raise call.fail(f"it multiplies {count} matrices of weights, more than {_MOST_MATRICES}.")
    for number in range(count):
        _product(call, left[number], right[number], call.result[number])


@register_operation("aten::embedding")
def embedding(call: Call) -> None:
    """Handle embeddings of token ids: their output is an input of the graph."""
    indices = call.argument("indices")
    if not call.is_data(indices):
        raise call.fail("it looks up constants in a table that depends on the input.")
    if call.is_data(call.argument("weight")):
        weight_of(call, call.argument("weight"))
    shape = tuple(call.result.shape)
    site = call.record(Input(channels_last=True), [], shape if shape[:1] == (1,) else (1, *shape))
    call.returns(Run(site.start, shape))


@register_operation("aten::addcmul", "aten::addcmul_", "aten::lerp.Tensor")
def fused(call: Call) -> None:
    """Handle fused sums and products, as one operation on single elements."""
    elementwise(call)
