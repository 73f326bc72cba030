"""Handlers of operators that make each element from those at the same place: activations, sums, products."""

import torch
from torch import Tensor

from sparsetopo.graphs.planning.recording import CONSTANT, HIDDEN, ZERO, Run, Union
from sparsetopo.graphs.tracing.kinds import HIDES, NORMALISATIONS
from sparsetopo.graphs.tracing.operators import Call, register_operation

_SUMS = ("add", "sub", "subtract", "rsub")
_PRODUCTS = ("mul", "multiply")
_QUOTIENTS = ("div", "divide", "true_divide")
# What turns minus infinity to 0, and what 0 to 0.
_VANISHING = ("exp", "exp2", "sigmoid", "softplus", "relu")
_KEEPS_ZERO = (*_PRODUCTS, *_QUOTIENTS, "neg", "relu", "abs", "tanh", "_to_copy", "gelu", "silu")
WEIGHTED_AXES = "weighted axes"
_INVERSES = ("rsqrt", "reciprocal")
# A mask of only 0 and a number no larger than this hides as well (the windows of Swin use -100).
_TWO_VALUED = -50.0


def elementwise(call: Call) -> None:
    """Handle an operator on the elements at one place, of one tensor or of several."""
    tensors = [t for t in call.tensors() if not (t.dim() == 0 and not call.is_data(t))]
    data = [t for t in tensors if call.is_data(t)]
    others = [t for t in tensors if not call.is_data(t)]
    _note_weights(call, data, others)
    alone = len(data) == 1 and data[0].shape == call.result.shape
    if alone and not _touches_codes(call, data[0], others):
        call.returns_same(data[0])
        _carry_notes(call, data[0])
        return
    shape = call.result.shape
    operands = [_with_constants(call, call.ids(t).expand(shape), others) for t in data]
    kept, is_hidden, is_zero = _constant_places(call, operands)
    merged = _merged(operands)
    if merged is None:
        statistic = _statistic(call, data, operands)
        if statistic is not None:
            merged = statistic
    if merged is not None:
        ids = _changed_codes(call, merged)
        call.returns(torch.where(is_zero, ZERO, torch.where(is_hidden, HIDDEN, ids)))
        if len(data) == 1:
            _carry_notes(call, data[0])
        return
    if (~kept).any():
        operands = [torch.where(kept, ids, CONSTANT) for ids in operands]
    pairs = zip(data, operands, strict=True)
    site = call.record(
        Union(call.name in _SUMS), [_as_run(call, tensor, ids) for tensor, ids in pairs], shape
    )
    ids = torch.from_numpy(site.run.array())
    if (~kept).any():
        call.returns(torch.where(is_zero, ZERO, torch.where(is_hidden, HIDDEN, ids)))
    else:
        call.returns(site.run)


# Operators on single elements that torch does not mark as such; of most, only the variants in place.
_UNMARKED = (
    "hardswish", "hardswish_", "threshold_", "mish_", "gelu_", "abs_", "floor_divide", "floor_divide_", "_prelu_kernel",
    "rrelu_with_noise", "rrelu_with_noise_", "eq_", "ne_", "lt_", "le_", "gt_", "ge_", "copysign_", "heaviside_",
    "xlogy_",
)  # fmt: skip
register_operation(*(f"aten::{name}" for name in _UNMARKED))(elementwise)


def _as_run(call: Call, tensor: Tensor, ids: Tensor) -> Run | Tensor:
    """Consecutive ids as such."""
    elements = call.elements(tensor) if tensor.shape == ids.shape else None
    return elements if isinstance(elements, Run) else ids


def _touches_codes(call: Call, tensor: Tensor, others: list[Tensor]) -> bool:
    """Whether constants matter: those among the elements, or operands that make some."""
    if not isinstance(call.elements(tensor), Run):
        return True
    constant = call.recorder.constants
    for other in others:
        if other.is_meta or constant.is_learned(other):
            continue
        if call.name in _PRODUCTS and bool((other == 0).any()):
            return True
        if call.name in _SUMS and other.is_floating_point() and bool(hides(other).any()):
            return True
    numbers = [
        value for value in (*call.args, *call.kwargs.values()) if isinstance(value, int | float)
    ]
    return call.name in _PRODUCTS and 0 in [n for n in numbers if not isinstance(n, bool)]


def hides(values: Tensor, *, learned: bool = False) -> Tensor:
    """Where a number that is added to attention scores hides a token.

    A mask may be added to a `learned` bias before; biases of ordinary size hide nothing.
    """
    values = values.detach().to("cpu")
    if learned:
        return values <= _TWO_VALUED
    lowest = values.min() if values.numel() else torch.zeros(())
    two_valued = bool(((values == 0) | (values == lowest)).all())
    return values <= (_TWO_VALUED if two_valued else HIDES)


def _with_constants(call: Call, ids: Tensor, others: list[Tensor]) -> Tensor:
    """Ids after an operation with constants: a product with 0 is 0, minus infinity hides."""
    for other in others:
        if other.is_meta or call.recorder.constants.is_learned(other):
            continue
        if call.name in _PRODUCTS:
            ids = torch.where((other == 0).to("cpu"), ZERO, ids)
        elif call.name in _SUMS and other.is_floating_point():
            ids = torch.where(hides(other), HIDDEN, ids)
    numbers = [n for n in call.args if isinstance(n, int | float) and not isinstance(n, bool)]
    if call.name in _PRODUCTS and 0 in numbers:
        ids = torch.full_like(ids, ZERO)
    return ids


def _constant_places(call: Call, operands: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Where a result of several operands is no constant, where it hides, and where it is 0."""
    is_hidden = torch.zeros(operands[0].shape, dtype=torch.bool)
    is_zero = is_hidden
    if len(operands) > 1:
        if call.name in _SUMS:
            is_hidden = torch.stack([ids == HIDDEN for ids in operands]).any(0)
        if call.name in _PRODUCTS:
            is_zero = torch.stack([ids == ZERO for ids in operands]).any(0)
    return ~(is_hidden | is_zero), is_hidden, is_zero


def _merged(operands: list[Tensor]) -> Tensor | None:
    """Ids of a result where no two operands hold different units at one place, else None."""
    merged = operands[0]
    for ids in operands[1:]:
        both = (merged >= 0) & (ids >= 0) & (merged != ids)
        if both.any():
            return None
        merged = torch.where(ids >= 0, ids, merged)
    return merged


def _changed_codes(call: Call, ids: Tensor) -> Tensor:
    """Codes after an operator on single elements."""
    if bool((ids >= 0).all()):
        return ids
    if call.name not in _KEEPS_ZERO:
        ids = torch.where(ids == ZERO, CONSTANT, ids)
    return torch.where(ids == HIDDEN, ZERO, ids) if call.name in _VANISHING else ids


def _carry_notes(call: Call, tensor: Tensor) -> None:
    """What is known of an operand, and holds for the result of an operator on single elements."""
    recorder = call.recorder
    inverse = recorder.noted("inverse", tensor)
    exponent = call.argument("exponent") if call.name == "pow" else None
    negative = isinstance(exponent, int | float) and exponent < 0
    if call.name in _INVERSES or negative:
        inverse = True
    if inverse:
        recorder.note("inverse", call.result, True)
    if recorder.noted("probability", tensor):
        recorder.note("probability", call.result, True)


def _note_weights(call: Call, data: list[Tensor], others: list[Tensor]) -> None:
    """Note the axes along which a result has been multiplied by different parameters."""
    if call.name not in _PRODUCTS or len(data) != 1:
        return
    learned = [other for other in others if call.recorder.constants.is_learned(other)]
    axes = {axis for other in learned for axis in range(-other.dim(), 0) if other.shape[axis] > 1}
    if axes:
        call.recorder.note(WEIGHTED_AXES, call.result, axes)


def _statistic(call: Call, data: list[Tensor], operands: list[Tensor]) -> Tensor | None:
    """Ids of values that are centred or scaled by their own mean, norm, ..., or None.

    Normalisation couples units by its statistics only, and stays elementwise (``docs/graph.md``).
    """
    if len(data) != 2 or call.name not in (*_SUMS, *_PRODUCTS, *_QUOTIENTS):
        return None
    for value, other in ((0, 1), (1, 0)):
        if call.name in _QUOTIENTS and value != 0:
            continue
        if call.name in _PRODUCTS and not call.recorder.noted("inverse", data[other]):
            continue
        if call.name in _SUMS and call.name == "add":
            continue
        if call.recorder.is_statistic(operands[other], operands[value]):
            return operands[value]
    return None


@register_operation(*NORMALISATIONS)
def normalisation(call: Call) -> None:
    """Handle normalisation, whose results are (output, statistics, ...); statistics are never read by networks."""
    tensor = call.argument("input")
    results = call.result if isinstance(call.result, tuple | list) else (call.result,)
    if not call.is_data(tensor):
        raise call.fail("it normalises a constant by weights that depend on the input.")
    learned = [call.argument(name) for name in ("weight", "bias")]
    of_data = [_of_channels(call, t, tensor) for t in learned if call.is_data(t)]
    if of_data:
        shape = results[0].shape
        call.returns(
            call.record(Union(is_sum=False), [call.elements(tensor), *of_data], shape).run,
            results[0],
        )
    else:
        call.returns_same(tensor, results[0])
    for statistic in results[1:]:
        if isinstance(statistic, Tensor):
            call.returns(torch.full(statistic.shape, CONSTANT), statistic)


def _of_channels(call: Call, scale: Tensor, tensor: Tensor) -> Tensor:
    """Ids of a scale or shift, in the shape of the tensor that is normalised."""
    ids = call.ids(scale)
    if "layer_norm" not in call.name and "rms_norm" not in call.name:
        ids = ids.view(-1, *(1,) * (tensor.dim() - 2))
    return ids.expand(tensor.shape)


@register_operation("aten::_softmax", "aten::_log_softmax", "aten::_safe_softmax")
def softmax(call: Call) -> None:
    """Handle softmax: like normalisation, and hidden scores are 0 afterwards."""
    tensor = call.argument("self")
    ids = call.ids(tensor)
    if bool((ids >= 0).all()):
        call.returns_same(tensor)
    else:
        known = torch.where(ids == ZERO, CONSTANT, ids)
        call.returns(torch.where(known == HIDDEN, ZERO, known))
    call.recorder.note("probability", call.result, True)


@register_operation("aten::native_dropout", "aten::_fused_dropout")
def dropout(call: Call) -> None:
    """Handle dropout that is active in evaluation mode: elementwise; its mask is a random constant."""
    call.returns_same(call.argument("input"), call.result[0])
    call.returns(torch.full(call.result[1].shape, CONSTANT), call.result[1])
