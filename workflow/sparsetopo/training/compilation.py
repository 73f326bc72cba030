"""The forward pass through `torch.compile` during a training run.

``docs/training.md`` says what it costs. CUDA graphs (mode="reduce-overhead") are not used, because they have not been
tried on a GPU.
"""

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from sparsetopo.errors import ConfigurationError
from sparsetopo.networks.memory import first_line

Forward = Callable[[Tensor], Tensor]


@contextlib.contextmanager
def compiled_forward(model: nn.Module, wanted: bool) -> Iterator[Forward]:
    """Give the model's forward pass, compiled if wanted, and discard compiled code afterwards.

    The first call compiles, for its batch size; torch caches the outcome on disk between processes.
    No code is chosen by timing it, because the choice could differ in the next run. A
    ConfigurationError says if torch cannot compile here, e.g. because there is no C++ compiler.
    """
    if not wanted:
        yield model
        return
    # Imported only when needed: these take 2 s.
    from torch._dynamo.exc import TorchDynamoException
    from torch._inductor import config

    try:
        with config.patch(deterministic=True):
            yield torch.compile(model, dynamic=False)
    except TorchDynamoException as error:
        raise ConfigurationError(
            [
                f"compute.compile: is true, but torch cannot compile the network ({first_line(error)}); "
                f"set it to false, or install a C++ compiler (CPU) or Triton (GPU)."
            ]
        ) from error
    finally:
        # torch compiles a function at most eight times, then silently runs it uncompiled.
        torch.compiler.reset()
