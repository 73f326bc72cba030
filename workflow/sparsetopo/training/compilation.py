"""The forward pass through `torch.compile`, for the length of a training run.

Off by default: compiling takes half a minute a network, so it pays only in long runs on a GPU. The
model itself stays as it is, so names and checkpoints do not change. CUDA graphs
(mode="reduce-overhead") are not used: they have not been tried on a GPU.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from sparsetopo.errors import ConfigurationError

Forward = Callable[[Tensor], Tensor]


@contextlib.contextmanager
def compiled_forward(model: nn.Module, wanted: bool) -> Iterator[Forward]:
    """Give the model's forward pass, compiled if wanted, and forget compiled code afterwards.

    Compilation happens at the first call and is for that batch size; torch caches its outcome on
    disk between processes. No kernel is chosen by timing it, which could fall out differently
    in the next run.

    Raises
    ------
    ConfigurationError
        If torch cannot compile here, e.g. for want of a C++ compiler.
    """
    if not wanted:
        yield model
        return
    # Imported by nobody else: these take 2 s.
    from torch._dynamo.exc import TorchDynamoException
    from torch._inductor import config

    try:
        with config.patch(deterministic=True):
            yield torch.compile(model, dynamic=False)
    except TorchDynamoException as error:
        raise ConfigurationError(
            [
                f"compute.compile: is true, but torch cannot compile the network "
                f"({_first_line(error)}); set it to false, or install a C++ compiler (CPU) or "
                f"Triton (GPU)."
            ]
        ) from error
    finally:
        # torch compiles a function eight times at most, then runs it uncompiled without an error.
        torch.compiler.reset()


def _first_line(error: Exception) -> str:
    lines = itertools.chain(str(error).splitlines(), [type(error).__name__])
    return next(line.strip() for line in lines if line.strip())
