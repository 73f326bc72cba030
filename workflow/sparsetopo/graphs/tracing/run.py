"""Running a model for the recorder: its input, its mode, and leaving it as it was."""

import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from sparsetopo.errors import EncodingError, SparsetopoError
from sparsetopo.graphs.planning.recording import Input, Run

# Importing the handlers registers them.
from sparsetopo.graphs.tracing import handlers  # noqa: F401
from sparsetopo.graphs.tracing.fingerprints import uncompiled
from sparsetopo.graphs.tracing.functions import Functions
from sparsetopo.graphs.tracing.recorder import Recorder
from sparsetopo.networks.running.eager import eagerly
from sparsetopo.networks.running.inputs import example_inputs, mapped, of_integers
from sparsetopo.networks.running.outputs import tensors
from sparsetopo.networks.untouched import untouched

# A run changes modules' modes and puts them back: two runs of one model must not meet.
_ONE_AT_A_TIME = threading.RLock()


class _FailedRunError(EncodingError):
    """The model itself fails on its input; `where` is the innermost module that does."""

    def __init__(self, where: str, sentence: str) -> None:
        super().__init__(f"{where}: {sentence}")
        self.where = where


def recorded_run(
    model: nn.Module,
    input_shape: Iterable[int] | None,
    attention: str,
    example: Any,
    masks: Mapping[str, Tensor],
    samples: int = 1,
) -> Recorder:
    """Record a run of a model on one or more samples; arguments as of `traced`."""
    model = _checked_model(model)
    if attention not in ("all", "values"):
        raise EncodingError(f"attention is {attention!r}, but must be 'all' or 'values'.")
    shape = None if example is not None else _checked_shape(input_shape)
    try:
        return _recorded_run(model, shape, attention, example, masks, samples)
    except _FailedRunError as error:
        sentence = str(error)
        if shape is not None and samples == 1 and _runs_on_integers(model, shape, attention, masks):
            sentence = f"{error.where}: {of_integers(shape)}."
        raise EncodingError(sentence) from error.__cause__


def _runs_on_integers(
    model: nn.Module, shape: tuple[int, ...], attention: str, masks: Mapping[str, Tensor]
) -> bool:
    """Whether a model that fails on floating-point numbers does not on integers of the same shape."""
    try:
        _recorded_run(model, None, attention, torch.zeros((1, *shape), dtype=torch.int64), masks, 1)
    except _FailedRunError:
        return False
    except EncodingError:
        pass  # it runs further: what cannot be encoded then is another matter
    return True


def _recorded_run(
    model: nn.Module,
    shape: tuple[int, ...] | None,
    attention: str,
    example: Any,
    masks: Mapping[str, Tensor],
    samples: int,
) -> Recorder:
    with _ONE_AT_A_TIME, untouched(model), eagerly, _quietly():
        for module in model.modules():
            module.training = False
        recorder = Recorder(model, shape or (), attention, masks)
        try:
            _run(recorder, model, shape, example, samples)
        finally:
            recorder.constants.put_back()
    return recorder


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep torch from logging the traceback of what fails without values: it becomes a sentence."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _run(
    recorder: Recorder, model: nn.Module, shape: tuple[int, ...] | None, example: Any, samples: int
) -> None:
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
    if shape is not None:
        tensor = _input(
            recorder, torch.empty((samples, *shape), dtype=like.dtype, device="meta"), like.device
        )
        args: tuple[Any, ...] = (tensor,)
        kwargs: dict[str, Any] = {}
        described = f"an input of shape {shape}"
    else:
        args, kwargs = _example(recorder, example, like)
        described = "the example"
    try:
        with torch.no_grad(), Functions(recorder), recorder:
            output = model(*args, **kwargs)
    except EncodingError:
        raise
    except Exception as error:
        origin = str(recorder.failed_at or f"the model itself ({type(model).__name__})")
        reason = " ".join(str(error).split()).rstrip(".")[:400]
        if "HigherOrderOperator" in reason:
            raise EncodingError(
                f"{origin}: the model uses torch.cond, torch.while_loop or the like, where the data decides what is "
                "computed, so there is no one graph."
            ) from error
        reason = f"KeyError: {reason}" if isinstance(error, KeyError) else reason
        raise _FailedRunError(
            origin, f"the model does not run on {described}: {reason}."
        ) from error
    found = [tensor for tensor in tensors(output) if tensor in recorder.table]
    # A single number beside others is a loss or a statistic of the batch.
    found = [tensor for tensor in found if tensor.dim()] or found
    recorder.recording.outputs = [recorder.table.elements(tensor) for tensor in found]
    if not any(recorder.recording.sites_in(elements) for elements in recorder.recording.outputs):
        raise EncodingError(
            f"{type(model).__name__}: no tensor that the model returns depends on its input."
        )


def _input(recorder: Recorder, tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor without values, as data."""
    with recorder.fake:
        made = torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
    origin = recorder.origin("input")
    shape = tuple(made.shape)
    site = recorder.recording.append(
        Input(), (), shape if shape[:1] == (1,) else (1, *shape), origin
    )
    recorder.table.write(made, Run(site.start, shape))
    return made


def _example(
    recorder: Recorder, example: Any, like: Tensor
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments, their tensors without values."""

    def data(tensor: Tensor) -> Tensor:
        if tensor.is_complex() or tensor.is_quantized or tensor.layout != torch.strided:
            raise EncodingError(
                f"example holds a tensor of type {tensor.dtype} and layout {tensor.layout}, but must hold dense "
                "tensors of real numbers."
            )
        if not recorder.recording.input_shape:
            shape = tuple(tensor.shape)
            recorder.recording.input_shape = shape[1:] if shape[:1] == (1,) else shape
        return _input(recorder, tensor, like.device)

    try:
        made = mapped(data, example_inputs(example, like))
    except EncodingError:
        raise
    except SparsetopoError as error:
        raise EncodingError(str(error)) from error
    if isinstance(made, Mapping):
        return (), dict(made)
    return (made if isinstance(made, tuple) else (made,)), {}


def require_module(model: Any) -> None:
    """EncodingError unless a model is a module of torch."""
    if isinstance(model, type):
        raise EncodingError(
            f"model is the class {model.__name__}, but must be a torch.nn.Module, such as {model.__name__}() may give."
        )
    if not isinstance(model, nn.Module):
        raise EncodingError(
            f"model is a {type(model).__name__}, but must be a torch.nn.Module "
            "(a state_dict does not contain the wiring: load it into its model)."
        )


def _checked_model(model: Any) -> nn.Module:
    require_module(model)
    model = uncompiled(model)
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(parameter, nn.parameter.UninitializedParameter):
                raise EncodingError(
                    f"module '{path}' ({type(module).__name__}): its parameter '{name}' is not initialised yet; run "
                    "the model once before encoding it."
                )
    return model


def _checked_shape(input_shape: Iterable[int] | None) -> tuple[int, ...]:
    sizes: tuple[Any, ...] = (
        tuple(input_shape) if isinstance(input_shape, Iterable) else (input_shape,)
    )
    whole = all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes)
    if not 1 <= len(sizes) <= 4 or not whole or min(sizes) < 1:
        raise EncodingError(
            f"input_shape is {input_shape!r}, but must be (C, H, W), (C, L), (F,) or (C, D, H, W): "
            "whole, positive sizes of one sample, without the batch; give example= for another kind of input."
        )
    return tuple(int(size) for size in sizes)
