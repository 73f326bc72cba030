"""What each torch function means for the wiring: the table of handlers, and how to add one.

A handler gets a `Call` and records the symbolic operations that lead from its data tensors to its result. The
modules `layers`, `windows` and `shapes` have further handlers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import resolve_name
from torch.utils.weak import WeakTensorKeyDictionary

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.planning.recording import (
    Elementwise,
    Kind,
    Origin,
    Recording,
    ValueShape,
    Window,
)
from sparsetopo.graphs.planning.windows import Windows

Function = Callable[..., Any]

BATCH = 2  # samples of the traced run; with one, operations that mix samples would go unnoticed


class RunState:
    """What is known while the model runs; `values` numbers the tensors that derive from the input."""

    def __init__(self, model: nn.Module, shape: tuple[int, ...]) -> None:
        self.model = model
        self.recording = Recording(shape)
        self.values: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self.constants: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        self.parameter_names = {id(p): name for name, p in model.named_parameters()}
        self.paths: dict[int, str] = {}
        for path, module in model.named_modules():
            self.paths.setdefault(id(module), path)
        self.stack: list[nn.Module] = [model]

    def origin(self, function: Callable[..., Any] | None) -> Origin:
        """Where the run is now: the innermost module, and the torch function that it calls."""
        module = self.stack[-1]
        name = "forward" if function is None else resolve_name(function) or repr(function)
        return Origin(self.paths.get(id(module), ""), type(module).__name__, name)

    def parameter_name(self, weight: torch.Tensor) -> str | None:
        """Name of a weight tensor that is a parameter, or that the calling module computes (pruning)."""
        if id(weight) in self.parameter_names:
            return self.parameter_names[id(weight)]
        module = self.stack[-1]
        own = getattr(module, "weight", None)
        if isinstance(own, torch.Tensor) and own.shape == weight.shape and id(module) in self.paths:
            path = self.paths[id(module)]
            return f"{path}.weight" if path else "weight"
        return None


@dataclass
class Call:
    """One intercepted call of a torch function, already run."""

    recorder: RunState
    function: Function
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any

    @property
    def origin(self) -> Origin:
        """Where in the model the call is."""
        return self.recorder.origin(self.function)

    def fail(self, reason: str) -> EncodingError:
        """Error that names the module, its type and the function."""
        return EncodingError(f"{self.origin}: {reason}")

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Argument by position or by name."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name, default)

    def is_data(self, candidate: Any) -> bool:
        """Whether this is a tensor that derives from the model's input."""
        return isinstance(candidate, torch.Tensor) and candidate in self.recorder.values

    def data(self) -> list[torch.Tensor]:
        """Direct arguments that derive from the model's input."""
        return [item for item in (*self.args, *self.kwargs.values()) if self.is_data(item)]

    def value(self, tensor: Any) -> int:
        """Number of the value that a data tensor holds; EncodingError if it does not derive from the input."""
        if not self.is_data(tensor):
            raise self.fail(
                "it is given a tensor that does not derive from the model's input by recorded operations."
            )
        return self.recorder.values[tensor]

    def shape(self, value: int) -> ValueShape:
        """Shape of a value."""
        return self.recorder.recording.operations[value].shape

    def append(self, kind: Kind, inputs: Iterable[int], shape: ValueShape) -> int:
        """Record one operation and return the number of the new value."""
        return self.recorder.recording.append(kind, tuple(inputs), shape, self.origin)

    def returns(self, value: int, tensor: Any = None) -> None:
        """Declare that `tensor` (by default the result of the call) holds `value`."""
        tensor = self.result if tensor is None else tensor
        shape = self.shape(value)
        if (
            not tensor.dim()
            or tensor.shape[0] * shape.size != tensor.numel()
            or tensor.shape[0] != BATCH
        ):
            raise self.fail(
                f"its result of shape {tuple(tensor.shape)} mixes samples of the batch, or does not have the "
                f"{shape.channels}x{shape.height}x{shape.width} elements per sample that its handler announced."
            )
        self.recorder.values[tensor] = value

    def window(self, value: int, rows: Windows, columns: Windows) -> int:
        """Record pooling, padding or resizing: the old rows and columns that each new one reads."""
        shape = replace(self.shape(value), height=len(rows), width=len(columns))
        return self.append(Window(rows, columns), [value], shape)


Handler = Callable[[Call], None]

HANDLERS: dict[Function, Handler] = {}
"""Torch function -> handler; change it by `register_operation`."""

HINTS: dict[Function, str] = {}
"""Torch function -> why it cannot be encoded."""

DATA_DEPENDENT: set[Function] = {
    getattr(torch.Tensor, name)
    for name in (
        "item",
        "tolist",
        "numpy",
        "__bool__",
        "__int__",
        "__float__",
        "__index__",
        "__array__",
        "equal",
    )
} | {torch.equal, torch.allclose}


def register_operation(*functions: Function) -> Callable[[Handler], Handler]:
    """Register the handler of torch functions (decorator); a later one replaces an earlier one.

    `functions` are given as ``torch.overrides`` sees them. A Python function made of torch functions needs no handler:
    tracing sees those.

    Examples
    --------
    An activation that the table lacks::

        from sparsetopo.graphs.tracing.operations import elementwise, register_operation

        register_operation(torch.special.expit)(elementwise)
    """

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(functions, handler))
        return handler

    return register


def named(*names: str) -> list[Function]:
    """Every function of these names in torch, torch.nn.functional and Tensor, in place or not."""
    found: list[Function] = []
    for home in (torch, functional, torch.Tensor, torch._C._nn):
        for name in names:
            found += [
                function
                for spelling in (name, name + "_", f"__{name}__", f"__i{name}__", f"__r{name}__")
                if callable(function := getattr(home, spelling, None))
            ]
    return found


def elementwise(call: Call) -> None:
    """Handle operations on single elements of one data argument."""
    data = call.data()
    if len(data) != 1:
        raise call.fail(
            f"it combines {len(data)} tensors that derive from the input, but not by addition or concatenation "
            "(an attention or gating product, for example), which the graph cannot express."
        )
    value = call.value(data[0])
    if call.result.shape != data[0].shape and call.result is not data[0]:
        raise call.fail(
            f"a constant stretches the data from shape {tuple(data[0].shape)} to "
            f"{tuple(call.result.shape)}."
        )
    call.returns(call.append(Elementwise(), [value], call.shape(value)))


def constant(call: Call) -> None:
    """Handle functions that take a shape or type from the data but no values, such as torch.zeros_like."""


# fmt: off
ACTIVATIONS = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish",
    "hardsigmoid", "hardtanh", "sigmoid", "tanh", "softplus", "softsign", "logsigmoid", "prelu",
    "rrelu", "threshold", "tanhshrink", "softshrink", "hardshrink", "softmin", "softmax",
    "log_softmax", "gumbel_softmax", "clamp", "clamp_min", "clamp_max", "clip", "abs", "neg", "exp",
    "log", "log1p", "sqrt", "rsqrt", "square", "sin", "cos", "erf", "pow", "sign", "reciprocal",
    "expm1", "logit", "round", "floor", "ceil", "nan_to_num",
)
NORMALISATIONS = (
    "batch_norm", "instance_norm", "layer_norm", "group_norm", "local_response_norm", "rms_norm",
    "normalize", "native_batch_norm",
)
DROPOUTS = (
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
    "feature_dropout", "bernoulli",
)
SCALINGS = (
    "mul", "multiply", "div", "divide", "true_divide", "truediv", "floordiv",
)
COPIES = (
    "clone", "contiguous", "detach", "to", "float", "half", "double", "bfloat16", "cpu", "cuda",
    "type", "type_as", "alias", "requires_grad", "positive",
)
# fmt: on

for _name in (*ACTIVATIONS, *NORMALISATIONS, *DROPOUTS, *SCALINGS, *COPIES):
    register_operation(*named(_name))(elementwise)
register_operation(torch.special.expit, torch.Tensor.data.__get__)(elementwise)  # type: ignore[attr-defined]
register_operation(
    *named("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"),
    *named("new_zeros", "new_ones", "new_empty", "new_full", "new_tensor"),
)(constant)
HINTS |= dict.fromkeys(
    named(
        "multi_head_attention_forward",
        "scaled_dot_product_attention",
        "_native_multi_head_attention",
    ),
    "attention multiplies data by data, which the graph cannot express.",
)
HINTS |= dict.fromkeys(
    named("matmul", "bmm", "mm", "einsum", "addmm", "baddbmm"),
    "a general matrix product cannot be encoded; use torch.nn.functional.linear for a layer with "
    "weights.",
)
