"""Computing in a wide number format, whatever narrower one a network asks for on its way."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

HALF = (torch.float16, torch.bfloat16)
_CASTS = (Tensor.float, Tensor.half, Tensor.bfloat16)


class Widening(TorchFunctionMode):
    """Mode in which no floating-point tensor that a function of torch takes or gives is narrower than a format.

    Constants that are neither parameters nor buffers, and casts such as ``x.float()``, would mix number formats in a
    network that was converted, or lose its range.

    Parameters
    ----------
    dtype
        The format: float32 or float64.

    Examples
    --------
    >>> with Widening(torch.float64):
    ...     (torch.ones(2, dtype=torch.float32) * torch.ones(2, dtype=torch.float64).half()).dtype
    torch.float64
    """

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype
        self._narrow = HALF if dtype == torch.float32 else (*HALF, torch.float32)
        casts = {torch.float32: Tensor.float, torch.float64: Tensor.double}
        self._casts = dict.fromkeys(_CASTS, casts[dtype])

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function with all its tensors widened, and widen what it gives."""
        func = self._casts.get(func, func)
        return self._wide(func(*self._wide(args), **self._wide(dict(kwargs or {}))))

    def _wide(self, value: Any) -> Any:
        """Widen what nested containers hold: tensors, and the formats that functions are asked for.

        Containers in which nothing has to change stay as they are, named tuples of torch among them.
        """
        if isinstance(value, Tensor):
            return value.to(self._dtype) if value.dtype in self._narrow else value
        if isinstance(value, torch.dtype):
            return self._dtype if value in self._narrow else value
        if isinstance(value, dict):
            return {name: self._wide(item) for name, item in value.items()}
        if isinstance(value, tuple | list):
            items = [self._wide(item) for item in value]
            if all(new is old for new, old in zip(items, value, strict=True)):
                return value
            return items if isinstance(value, list) else tuple(items)
        return value


def widen(model: nn.Module, dtype: torch.dtype) -> list[Tensor]:
    """Convert a network to a number format; return the tensors that modules hold as plain attributes, now copies.

    `sparsetopo.networks.restore.restored` puts the old ones back.
    """
    model.to(dtype)
    constants = []
    for module in model.modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, Tensor) and value.is_floating_point():
                vars(module)[name] = value.detach().to(dtype, copy=True)
                constants.append(vars(module)[name])
    return constants
