"""One run of a model, seen operator by operator: what depends on the input is recorded, the rest is computed.

The input is a tensor without values. Every ATen operator of the run passes through a dispatch mode, which belongs to
one thread: an operator that reads data is run without values too, and its handler says which units its result holds;
an operator on constants alone (the weights that a layer computes, say) is run as it is. Random numbers are never drawn,
and the model's own tensors are put back if they are written.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.planning.recording import (
    CONSTANT,
    HIDDEN,
    ZERO,
    Elements,
    Origin,
    Padding,
    Recording,
    Run,
    as_array,
)
from sparsetopo.graphs.tracing.constants import Constants, written
from sparsetopo.graphs.tracing.elements import ElementTable
from sparsetopo.graphs.tracing.handlers.elementwise import elementwise
from sparsetopo.graphs.tracing.kinds import HIDES, NORMALISATIONS, PROTOTYPES
from sparsetopo.graphs.tracing.operators import Call, handler_of
from sparsetopo.graphs.tracing.origins import Origins
from sparsetopo.graphs.tracing.quantised import ADVICE, is_quantised

# Operators that change the sizes and strides of a tensor in place: its storage keeps its ids.
_RESHAPES_IN_PLACE = {
    f"aten::{name}_"
    for name in (
        "as_strided",
        "t",
        "transpose",
        "squeeze",
        "unsqueeze",
        "swapaxes",
        "swapdims",
        "detach",
    )
}
_LOOKS = {"aten::_local_scalar_dense", "aten::equal", "aten::is_nonzero", "aten::item"}
_SHAPES_BY_DATA = {
    "aten::nonzero", "aten::masked_select", "aten::_unique2", "aten::unique_dim", "aten::unique_consecutive",
    "aten::bincount", "aten::nonzero_static", "aten::repeat_interleave.Tensor",
}  # fmt: skip


class Recorder(TorchDispatchMode):
    """Records a run of `model`; `attention` is "all" or "values" (see `sparsetopo.encode`)."""

    def __init__(
        self, model: nn.Module, input_shape: tuple[int, ...], attention: str, masks: Mapping[str, Tensor]
    ) -> None:  # fmt: skip
        super().__init__()
        self.attention = attention
        self.recording = Recording(input_shape)
        self.table = ElementTable()
        self.constants = Constants(model, masks)
        self.fake = FakeTensorMode(allow_non_fake_inputs=True)
        self.failed_at: Origin | None = None
        # What a convolution with uneven padding of its own reads, and that padding.
        self.own_padding: tuple[Elements, Padding] | None = None
        self.notes: dict[str, dict[int, Any]] = {}
        self._origins = Origins(model)
        self._statistics: dict[int, tuple[Run, Elements, tuple[int, ...]]] = {}

    def origin(self, operator: Callable[..., Any] | str) -> Origin:
        """Where the run is now: the innermost module, and the operator that it calls."""
        name = operator._schema.name if isinstance(operator, OpOverload) else str(operator)
        return self._origins.here(name)

    def __torch_dispatch__(
        self, func: OpOverload, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func.namespace == "prim":
            return func(*args, **kwargs)
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        data = [t for t in tensors if isinstance(t, FakeTensor) or t in self.table]
        if not data:
            return self._constant(func, tensors, args, kwargs)
        name = func._schema.name
        if name in PROTOTYPES:
            args, kwargs = tree_map_only(FakeTensor, _stand_in, (args, kwargs))
            return func(*args, **kwargs)
        if all(t in self.table for t in data):
            self._refuse_looking(func, name)
        return self._data(func, data, args, kwargs)

    def _constant(
        self, func: OpOverload, tensors: list[Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Run an operator on constants, so that its result is known; what is random is not."""
        if torch.Tag.nondeterministic_seeded in func.tags:
            return self._unknown(func, args, kwargs)
        if not tensors and kwargs.get("layout") not in (None, torch.strided):
            return func(*args, **kwargs)
        self.constants.before_write(func, args, kwargs)
        result = func(*args, **kwargs)
        self.constants.follow(func, args, kwargs, result)
        return result

    def _unknown(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Constants whose values are not known, because they are random."""
        targets = written(func, args, kwargs)
        if targets:
            for tensor in targets:
                self.table.write(tensor, torch.full(tensor.shape, CONSTANT))
            return targets[0]
        with self.fake:
            result = func(*args, **kwargs)
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self.table.write(tensor, torch.full(tensor.shape, CONSTANT))
        return result

    def _refuse_looking(self, func: OpOverload, name: str) -> None:
        if name in _LOOKS:
            raise self.origin(func).fail(
                "the model looks at the values of its data while it runs, so its wiring depends on them; compute what "
                "it decides from shapes or settings instead."
            )
        if name in _SHAPES_BY_DATA or f"{name}.{func._schema.overload_name}" in _SHAPES_BY_DATA:
            raise self.origin(func).fail(
                "the shape of its result depends on the values of the data, so there is no one graph."
            )

    def _data(
        self, func: OpOverload, data: list[Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        target = next(iter(written(func, args, kwargs)), None)
        real_views = _is_view(func) and not any(isinstance(t, FakeTensor) for t in data)
        if real_views:
            return func(*args, **kwargs)
        handler = handler_of(func)
        if (
            handler is None
            and target is None
            and not _is_view(func)
            and torch.Tag.pointwise not in func.tags
        ):
            decomposed = self._decomposed(func, args, kwargs)
            if decomposed is not NotImplemented:
                return decomposed
        if handler is None and is_quantised(func._schema.name):
            raise self.origin(func).fail(f"it computes with quantised numbers; {ADVICE}.")
        result = self._run_without_values(func, target, args, kwargs)
        self._refuse_complex(func, result)
        made = [t for t in tree_leaves(result) if isinstance(t, Tensor)]
        is_view = target is None and all(t in self.table for t in made)
        if is_view or func._schema.name in _RESHAPES_IN_PLACE:
            return result  # a view: it shares the storage, and so the ids
        if handler is None and torch.Tag.pointwise in func.tags:
            handler = elementwise
        if handler is None:
            raise self.origin(func).fail(
                "this operator is not known to the encoder. If it can be expressed by known ones, register a handler "
                "with sparsetopo.graphs.register_operation(operator)."
            )
        handler(Call(self, func, args, kwargs, result))
        for tensor in made:
            if tensor not in self.table:
                raise self.origin(func).fail(
                    "its handler does not say which units a result of it holds."
                )
        return result

    def _run_without_values(
        self,
        func: OpOverload,
        target: Tensor | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if target is not None and not isinstance(target, FakeTensor):
            # Data goes into a tensor with values: only its ids change.
            return target
        try:
            with self.fake:
                if func._schema.name in NORMALISATIONS:
                    return _normalised(func, args[0])
                return func(*args, **kwargs)
        except EncodingError:
            raise
        except Exception as error:
            kind = type(error).__name__
            if kind in ("DataDependentOutputException", "DynamicOutputShapeException"):
                raise self.origin(func).fail(
                    "its result depends on the values of the data, so there is no one graph."
                ) from error
            self.failed_at = self.failed_at or self.origin(func)
            if kind == "UnsupportedOperatorException":
                raise self.origin(func).fail(
                    "this operator cannot be run without values, and is not known to the encoder."
                ) from error
            raise

    def _decomposed(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Result of an operator by simpler ones, which this mode sees; NotImplemented if there are none."""
        with self:
            decomposed = func.decompose(*args, **kwargs)
            if decomposed is not NotImplemented:
                return decomposed
            from torch._decomp import decomposition_table

            known = decomposition_table.get(func)
            if known is None or torch.Tag.nondeterministic_seeded in func.tags:
                return NotImplemented
            return known(*args, **kwargs)

    def _refuse_complex(self, func: OpOverload, result: Any) -> None:
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and (tensor.is_complex() or tensor.is_quantized):
                if tensor.is_quantized:
                    raise self.origin(func).fail(f"its result holds quantised numbers; {ADVICE}.")
                raise self.origin(func).fail(
                    "its result holds complex numbers, which the graph cannot express; only networks of real numbers "
                    "can be encoded."
                )

    def constant_codes(self, tensor: Tensor) -> Tensor:
        """Codes of the elements of a constant: certainly 0, hiding, or any other."""
        if tensor.is_meta or self.constants.is_learned(tensor):
            return torch.full(tensor.shape, CONSTANT)
        values = tensor.detach().to("cpu")
        codes = torch.where(values == 0, ZERO, CONSTANT)
        if values.is_floating_point():
            codes = torch.where(values <= HIDES, HIDDEN, codes)
        return codes

    def remember_statistic(self, run: Run, operand: Elements, axes: Sequence[int]) -> None:
        """Remember that a run of ids is a mean, norm, ... of an operand over some axes, kept with length 1."""
        self._statistics[run.start] = run, operand, tuple(axes)

    def known_statistic(self, operand: Elements, axes: Sequence[int]) -> Run | None:
        """Ids of a statistic that was made of the same operand over the same axes."""
        for run, other, over in self._statistics.values():
            alike = over == tuple(axes) and operand.shape == other.shape
            if alike and np.array_equal(as_array(operand), as_array(other)):
                return run
        return None

    def is_statistic(self, ids: Tensor, values: Tensor) -> bool:
        """Whether elements are statistics of those beside them, each of one that it takes part in."""
        lowest = int(ids.min()) if ids.numel() else -1
        for run, operand, _ in self._statistics.values():
            if run.start <= lowest < run.start + run.size and operand.shape == tuple(values.shape):
                expected = torch.from_numpy(run.array()).expand(values.shape)
                own = torch.from_numpy(np.ascontiguousarray(as_array(operand)))
                return torch.equal(expected, ids) and torch.equal(own, values)
        return False

    def note(self, topic: str, tensor: Tensor, value: Any) -> None:
        """Remember something about the storage of a tensor."""
        self.notes.setdefault(topic, {})[int(tensor.untyped_storage()._cdata)] = (
            value,
            tensor.untyped_storage(),
        )

    def noted(self, topic: str, tensor: Tensor) -> Any:
        """What was noted, or None."""
        found = self.notes.get(topic, {}).get(int(tensor.untyped_storage()._cdata))
        return None if found is None else found[0]


def _stand_in(tensor: Tensor) -> Tensor:
    """A real tensor of one element that looks like one without values."""
    return torch.empty((), dtype=tensor.dtype, device=tensor.device).expand(tensor.shape)


def _normalised(func: OpOverload, tensor: Tensor) -> Any:
    """Results of a normalisation without values, which torch would take apart into many operators."""
    others = len(func._schema.returns) - 1
    result = torch.empty_like(tensor)
    return (result, *(torch.empty(0) for _ in range(others))) if others else result


def _is_view(func: OpOverload) -> bool:
    """Whether an operator returns views of its arguments and writes nothing."""
    returns = func._schema.returns
    aliases = [value.alias_info for value in returns]
    return bool(returns) and all(alias is not None and not alias.is_write for alias in aliases)
