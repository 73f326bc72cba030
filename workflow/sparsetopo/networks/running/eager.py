"""Running a network as its modules say: not compiled, with gradients whatever the caller has switched off."""

import contextlib
import sys
import threading
from collections.abc import Iterator

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextlib.contextmanager
def differentiable_eagerly() -> Iterator[None]:
    """Let networks be differentiated twice inside the block.

    Compiled modules run eagerly: they would be compiled anew for every number format and mode, and their compiled
    functions have no second derivatives. Attention is computed step by step, as its fused kernels have none either.
    Gradients are recorded, even if the caller is in ``torch.no_grad`` or ``torch.inference_mode``.
    """
    with torch.inference_mode(False), torch.enable_grad(), _SETTINGS:
        yield


class _Settings:
    """Settings that all threads of a process share: the first block sets them, and the last one puts them back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if self._blocks == 0:
                self._stack.enter_context(sdpa_kernel(SDPBackend.MATH))
                if (
                    "torch._dynamo" in sys.modules
                ):  # else nothing is compiled; importing it takes seconds
                    self._stack.enter_context(torch.compiler.set_stance("force_eager"))
            self._blocks += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0:
                self._stack.close()


_SETTINGS = _Settings()
