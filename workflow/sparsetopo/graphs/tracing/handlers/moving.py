"""Handlers of operators that move elements: the operator itself is run on the ids."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from sparsetopo.graphs.planning.recording import CONSTANT, HIDDEN, ZERO
from sparsetopo.graphs.tracing.handlers.elementwise import elementwise
from sparsetopo.graphs.tracing.kinds import COPIES, HIDES, MOVES
from sparsetopo.graphs.tracing.operators import Call, operators, register_operation

# Added to ids while they are moved, so that what an operator fills with zeros can be told from units and codes.
_SHIFT = 4


def moving(call: Call) -> None:
    """Run the operator on ids instead of numbers."""
    indices = MOVES.get(call.operator._schema.name, ())
    arguments: dict[str, Any] = {}
    for argument in call.operator._schema.arguments:
        value = call.argument(argument.name)
        if argument.name in indices:
            require_constants(call, value)
        else:
            value = tree_map(lambda item: _numbers(call, item), value)
        arguments[argument.name] = value
    for name in ("dtype", "device", "memory_format", "layout", "pin_memory"):
        if name in arguments:
            arguments[name] = None
    if "value" in arguments and not isinstance(arguments["value"], Tensor):
        arguments["value"] = _code_of(arguments["value"]) + _SHIFT
    kind = "kwarg_only"
    args = [arguments[a.name] for a in call.operator._schema.arguments if not getattr(a, kind)]
    kwargs = {
        a.name: arguments[a.name] for a in call.operator._schema.arguments if getattr(a, kind)
    }
    moved = call.operator(*args, **kwargs)
    ids = moved.to(torch.int64) - _SHIFT
    call.returns(torch.where(ids == -_SHIFT, ZERO, ids))


register_operation(*MOVES)(moving)


@register_operation(*COPIES)
def copying(call: Call) -> None:
    """Handle copies."""
    call.returns_same(call.argument("self"))
    for topic in ("inverse", "probability"):
        noted = call.recorder.noted(topic, call.argument("self"))
        if noted:
            call.recorder.note(topic, call.result, noted)


def _numbers(call: Call, value: Any) -> Any:
    """The ids of a tensor as numbers that every operator can move; exact in double precision."""
    if not isinstance(value, Tensor):
        return value
    return (call.ids(value) + _SHIFT).to(torch.float64)


def require_constants(call: Call, value: Any) -> None:
    """EncodingError if the data decides where elements go."""
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        if call.is_data(item):
            raise call.fail(
                "the data decides which elements it takes, so that there is no one graph; only indices that do not "
                "depend on the input can be encoded."
            )


def _code_of(value: Any) -> int:
    """Code of a number that elements are set to."""
    if value is None or value == 0:
        return ZERO

    return HIDDEN if isinstance(value, float | int) and value <= HIDES else CONSTANT


@register_operation(*operators("fill", "zero"))
def fill(call: Call) -> None:
    """Handle tensors that are set to one constant."""
    value = call.argument("value", 0)
    if isinstance(value, Tensor):
        call.returns(call.ids(value).expand(call.result.shape))
    else:
        call.returns(torch.full(call.result.shape, _code_of(value)))


@register_operation(*operators("masked_fill"))
def masked_fill(call: Call) -> None:
    """Handle elements that a constant mask sets to a constant."""
    mask, value = call.argument("mask"), call.argument("value")
    tensor = call.argument("self")
    if call.is_data(mask):
        elementwise(call)
        return
    code = call.ids(value) if isinstance(value, Tensor) else torch.tensor(_code_of(value))
    call.returns(torch.where(mask.to("cpu"), code, call.ids(tensor)))


@register_operation(
    "aten::where.self", "aten::where.ScalarOther", "aten::where.ScalarSelf", "aten::where.Scalar"
)
def where(call: Call) -> None:
    """Handle a choice between two tensors, by a constant or by data."""
    condition = call.argument("condition")
    if call.is_data(condition):
        elementwise(call)
        return
    chosen = [call.argument(name) for name in ("self", "other")]
    ids = [
        call.ids(item) if isinstance(item, Tensor) else torch.tensor(_code_of(item))
        for item in chosen
    ]
    selected = torch.where(condition.to("cpu"), ids[0], ids[1])
    call.returns(selected.expand(call.result.shape))


@register_operation(
    "aten::rand_like",
    "aten::randn_like",
    "aten::randint_like",
    "aten::bernoulli.p",
    *(
        f"aten::{name}_"
        for name in (
            "uniform",
            "normal",
            "exponential",
            "log_normal",
            "geometric",
            "cauchy",
            "random",
        )
    ),
    "aten::bernoulli_.float",
)
def random_like(call: Call) -> None:
    """Handle random numbers of the shape of the data: constants whose values are not known."""
    call.returns(torch.full(call.result.shape, CONSTANT))


@register_operation(
    "aten::bernoulli", "aten::normal", "aten::poisson", "aten::binomial", "aten::_standard_gamma"
)
def drawn(call: Call) -> None:
    """Handle random numbers whose distribution depends on data: they read its parameters."""
    elementwise(call)


@register_operation("aten::bernoulli_.Tensor")
def drawn_in_place(call: Call) -> None:
    """Handle random numbers that replace those of a tensor."""
    call.returns(call.ids(call.argument("p")).expand(call.result.shape))
