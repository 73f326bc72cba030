"""What is caught above the ATen operators, as Python functions: recurrent layers, normalisations, uneven padding.

Below, these are many operators, or ones that are made for one processor.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch._decomp import decompositions
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from sparsetopo.graphs.planning.recording import Elements, Padding
from sparsetopo.graphs.tracing.recorder import Recorder

_NORMALISATIONS = {functional.normalize, functional.local_response_norm}
_CONVOLUTIONS = {torch.conv1d, torch.conv2d, torch.conv3d}
_LOOKS = {
    getattr(torch.Tensor, name) for name in ("numpy", "tolist", "__array__", "__index__", "__float__", "__int__")
}  # fmt: skip


class Functions(TorchFunctionMode):
    """Catches calls of Python functions in a recorder's run."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = dict(kwargs or {})
        first = args[0] if args else kwargs.get("input")
        is_data = isinstance(first, Tensor) and first in self._recorder.table
        if is_data and func in _LOOKS:
            raise self._recorder.origin(f"Tensor.{func.__name__}").fail(
                "the model looks at the values of its data while it runs, so its wiring depends on them; compute what "
                "it decides from shapes or settings instead."
            )
        recurrent = _RECURRENT.get(getattr(func, "__name__", ""))
        if recurrent is not None and len(args) > 3 and self._any_data(args):
            # (data, batch sizes, states, parameters, ...) or (input, states, parameters, has_biases, ...)
            packed = not isinstance(args[3], bool)
            return recurrent[packed](*args, **kwargs)
        if is_data and func in _NORMALISATIONS:
            assert isinstance(first, Tensor)
            return self._normalised(func, first, args, kwargs)
        if is_data and func in _CONVOLUTIONS:
            assert isinstance(first, Tensor)
            self._recorder.own_padding = self._own_padding(first, args, kwargs)
            try:
                return func(*args, **kwargs)
            finally:
                self._recorder.own_padding = None
        return func(*args, **kwargs)

    def _any_data(self, args: Any) -> bool:
        """Whether the input, or a state that it starts in, is data."""
        tensors = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
        return any(tensor in self._recorder.table for tensor in tensors)

    def _normalised(
        self, func: Any, tensor: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Tensor:
        """Result of a normalisation: elementwise, whatever it computes its statistics from."""
        with torch.utils._python_dispatch._disable_current_modes(), self._recorder.fake:
            result: Tensor = func(*args, **kwargs)
        self._recorder.table.share(result, tensor)
        return result

    def _own_padding(
        self, tensor: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Elements, Padding] | None:
        """What a convolution with padding="same" reads, and how it pads, if that is uneven."""
        weight = args[1] if len(args) > 1 else kwargs["weight"]
        padding = args[4] if len(args) > 4 else kwargs.get("padding", 0)
        dilation = args[5] if len(args) > 5 else kwargs.get("dilation", 1)
        if padding != "same":
            return None
        sizes = weight.shape[2:]
        dilations = [dilation] if isinstance(dilation, int) else list(dilation)
        dilations = dilations * len(sizes) if len(dilations) == 1 else dilations
        totals = [d * (k - 1) for d, k in zip(dilations, sizes, strict=True)]
        if not any(total % 2 for total in totals):
            return None
        own = tuple((total // 2, total - total // 2) for total in totals)
        return self._recorder.table.elements(tensor), own


def _lstm(
    tensor: Tensor, states: Any, parameters: Any, has_biases: bool, num_layers: int, dropout: float, train: bool,
    bidirectional: bool, batch_first: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """An LSTM as its steps; torch's own decomposition may choose an operator of one processor instead."""
    projected = states[0].size(2) != states[1].size(2)
    output, finals = decompositions._rnn_helper(
        tensor,
        list(zip(*states, strict=True)),
        decompositions.gather_params(parameters, has_biases, projected),
        has_biases,
        num_layers,
        dropout,
        train,
        bidirectional,
        batch_first,
        decompositions.one_layer_lstm,
    )
    hidden, cells = zip(*finals, strict=True)
    return output, torch.stack(hidden, 0), torch.stack(cells, 0)


# The recurrent layers by the names of their functions, as their steps: for sequences of equal length, and packed ones.
_RECURRENT: dict[str, tuple[Any, Any]] = {
    "lstm": (_lstm, decompositions.lstm_data_impl),
    "gru": (decompositions.gru_impl, decompositions.gru_impl_data),
    "rnn_tanh": (decompositions.rnn_tanh_input, decompositions.rnn_tanh_data),
    "rnn_relu": (decompositions.rnn_relu_input, decompositions.rnn_relu_data),
}
