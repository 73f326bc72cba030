"""Tracing: run a PyTorch model once and record, by tensor identity, what makes its graph.

Every call of the torch API passes through a `TorchFunctionMode`; `operations` says what each one means for the wiring.
Only wiring and shapes are recorded; names of modules appear in messages and labels alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.plan import Plan
from sparsetopo.graphs.planning.recording import Input, Origin, ValueShape
from sparsetopo.graphs.planning.resolve import resolve

# Importing layers, shapes and windows registers their handlers.
from sparsetopo.graphs.tracing import layers, shapes, windows  # noqa: F401
from sparsetopo.graphs.tracing.operations import (
    BATCH,
    DATA_DEPENDENT,
    HANDLERS,
    HINTS,
    Call,
    RunState,
    register_operation,
)
from sparsetopo.networks.restore import restored

__all__ = ["register_operation", "trace"]


def trace(model: nn.Module, input_shape: Iterable[int], identity_shortcuts: bool = False) -> Plan:
    """Trace the wiring of a model at one input shape.

    The model runs once, in eval mode, on a batch of two zero samples; afterwards it is exactly as before.

    Parameters
    ----------
    model, input_shape, identity_shortcuts
        As in `sparsetopo.encode`.

    Returns
    -------
    Plan
        All tensors that the forward pass returns (in tuples, lists, dictionaries) are outputs; what none of them
        depends on is left out. What the metrics call the last layer is the plan's last node layer.

    Raises
    ------
    EncodingError
        If the model cannot run on that shape, or uses an operation that is unknown or cannot be encoded; the message
        names the module, its type and the operation.

    Examples
    --------
    >>> plan = trace(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(32, 5)), (1, 4, 4))
    >>> [(layer.name, layer.size) for layer in plan.node_layers]
    [('input', 36), ('0', 32), ('2', 5)]
    """
    if not isinstance(model, nn.Module):
        raise EncodingError(
            f"model is a {type(model).__name__}, but must be a torch.nn.Module "
            "(a state_dict does not contain the wiring: load it into its model)."
        )
    shape = _checked_shape(input_shape)
    for name, parameter in model.named_parameters():
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            raise EncodingError(
                f"parameter '{name}' is not initialised yet: run the model once before encoding it."
            )
    recorder = _Recorder(model, shape)
    with restored(model), torch.no_grad():
        model.eval()
        like = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
        sample = torch.zeros((BATCH, *shape), dtype=like.dtype, device=like.device)
        output = recorder.run(sample)
    for tensor in tensors_in(output):
        if tensor in recorder.values:
            recorder.recording.outputs.append(recorder.values[tensor])
    if not recorder.recording.outputs:
        raise EncodingError(
            f"{type(model).__name__}: no tensor that the model returns derives from its input by recorded operations."
        )
    return resolve(recorder.recording, identity_shortcuts)


def _checked_shape(input_shape: Iterable[int]) -> tuple[int, ...]:
    sizes = tuple(input_shape) if isinstance(input_shape, Iterable) else (input_shape,)
    whole = all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes)
    if not 1 <= len(sizes) <= 3 or not whole or min(sizes) < 1:
        raise EncodingError(
            f"input_shape is {input_shape!r}, but must be (C, H, W), (C, L) or (F,): "
            "whole, positive sizes of one sample, without the batch."
        )
    return tuple(int(size) for size in sizes)


class _Recorder(RunState, TorchFunctionMode):
    """Intercepts the torch API during one run."""

    def __init__(self, model: nn.Module, shape: tuple[int, ...]) -> None:
        TorchFunctionMode.__init__(self)
        RunState.__init__(self, model, shape)

    def run(self, sample: torch.Tensor) -> Any:
        """Run the model on `sample`, recording."""
        shape = (*sample.shape[1:],)
        size = ValueShape(
            shape[0],
            shape[1] if len(shape) == 3 else 1,
            shape[-1] if len(shape) > 1 else 1,
            len(shape) == 1,
        )
        origin = Origin("", type(self.model).__name__, "input")
        self.values[sample] = self.recording.append(Input(), (), size, origin)
        hooks = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave),
        ]
        try:
            with self:
                return self.model(sample)
        except EncodingError as error:
            raise self._naming_attention(error) from error
        except Exception as error:
            raise EncodingError(
                f"{self.origin(None)}: the model does not run on an input of shape {shape}: {error}"
            ) from error
        finally:
            for hook in hooks:
                hook.remove()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = dict(kwargs or {})
        data = [tensor for tensor in tensors_in((args, kwargs)) if tensor in self.values]
        if data and func in DATA_DEPENDENT:
            raise EncodingError(
                f"{self.origin(func)}: the model looks at the values of its data while it runs."
            )
        # Shapes before the call: an in-place operation may change them.
        result = func(*args, **kwargs)
        made = list(tensors_in(result))
        if not data or not made:
            for tensor in made:
                self.constants[tensor] = True
            return result
        call = Call(self, func, args, kwargs, result)
        if func not in HANDLERS:
            raise call.fail(
                (HINTS.get(func) or "this operation is not known to the encoder.")
                + " If it can be expressed by known ones, register a handler with "
                "sparsetopo.graphs.register_operation(function)."
            )
        HANDLERS[func](call)
        for tensor in made:
            if tensor not in self.values:
                self.constants[tensor] = True
        return result

    def _naming_attention(self, error: EncodingError) -> EncodingError:
        """Name an attention module as the reason if the run stopped before reaching it."""
        for path, module in self.model.named_modules():
            if isinstance(module, nn.MultiheadAttention) and f"'{path}'" not in str(error):
                return EncodingError(
                    f"module '{path}' ({type(module).__name__}): attention multiplies data by data, "
                    f"which the graph cannot express; tracing stopped at {error}"
                )
        return error

    def _enter(self, module: nn.Module, inputs: Any) -> None:
        self.stack.append(module)

    def _leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        made = list(tensors_in(output))
        if made and any(tensor in self.values for tensor in tensors_in(inputs)):
            known = (
                t in self.values or t in self.constants or id(t) in self.parameter_names
                for t in made
            )
            if not any(known):
                raise EncodingError(
                    f"{self.origin(None)}: the output is computed outside the torch functions that tracing can see "
                    "(in a scripted module, for example)."
                )
        self.stack.pop()


def tensors_in(nested: Any) -> Iterator[torch.Tensor]:
    """All tensors in nested tuples, lists and dictionaries."""
    if isinstance(nested, torch.Tensor):
        yield nested
    elif isinstance(nested, Mapping):
        for item in nested.values():
            yield from tensors_in(item)
    elif isinstance(nested, tuple | list):
        for item in nested:
            yield from tensors_in(item)
