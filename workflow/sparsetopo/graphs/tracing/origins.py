"""Where in a model the run is: found on the stack of calls, so that no hook is needed and threads do not meet."""

import sys
from types import CodeType, FrameType

from torch import nn

from sparsetopo.graphs.planning.recording import Origin

_CALL: CodeType = nn.Module._call_impl.__code__


class Origins:
    """Names the innermost module of a model that is being called."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._paths: dict[int, str] = {}
        for path, module in model.named_modules():
            self._paths.setdefault(id(module), path)

    def here(self, operator: str) -> Origin:
        """The origin of an operator that is called now."""
        module = self._innermost()
        path = self._paths.get(id(module), "")
        for prefix in ("_orig_mod.", "module."):
            path = path.removeprefix(prefix)
        return Origin(path, type(module).__name__, operator)

    def _innermost(self) -> nn.Module:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            if frame.f_code is _CALL:
                module = frame.f_locals.get("self")
                if id(module) in self._paths:
                    assert isinstance(module, nn.Module)
                    return module
            frame = frame.f_back
        return self._model
