"""Running a network as its modules say: not compiled, with gradients whatever the caller has switched off."""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextlib.contextmanager
def differentiable_eagerly() -> Iterator[None]:
    """Let networks be differentiated twice inside the block.

    Compiled modules run eagerly: they would be compiled anew for every number format and mode, and their compiled
    functions have no second derivatives. Attention is computed step by step, as its fused kernels have none either.
    Gradients are recorded, even if the caller is in ``torch.no_grad`` or ``torch.inference_mode``.
    """
    with torch.inference_mode(False), torch.enable_grad(), eagerly, _attention_step_by_step:
        yield


class _Shared(contextlib.AbstractContextManager[None]):
    """A setting that all threads of a process share: the first block sets it, and the last one puts it back."""

    def __init__(self, setting: Callable[[], contextlib.AbstractContextManager[Any]]) -> None:
        self._setting = setting
        self._lock = threading.Lock()
        self._blocks = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if self._blocks == 0:
                self._stack.enter_context(self._setting())
            self._blocks += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0:
                self._stack.close()


def _not_compiled() -> contextlib.AbstractContextManager[Any]:
    # If torch's compiler was never imported, which takes seconds, nothing is compiled.
    loaded = "torch._dynamo" in sys.modules
    return torch.compiler.set_stance("force_eager") if loaded else contextlib.nullcontext()


eagerly = _Shared(_not_compiled)
"""Context in which compiled modules and functions run as they are written."""

_attention_step_by_step = _Shared(lambda: sdpa_kernel(SDPBackend.MATH))
