"""Running a model without changing it: afterwards its state is the same, bit for bit."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Put the model in eval mode without gradients, and afterwards restore what running it may have changed.

    That is: training flags, buffers (object and content), the random state, and tensors that hooks assign as plain
    attributes, such as the product weight of `torch.nn.utils.prune` with its autograd history. Parameters are not
    copied, because nothing writes to them in eval mode without gradients.
    """
    modules = list(model.modules())
    flags = [module.training for module in modules]
    buffers = [dict(module._buffers) for module in modules]
    contents = {id(b): b.clone() for held in buffers for b in held.values() if b is not None}
    attributes = [
        {name: value for name, value in vars(module).items() if isinstance(value, torch.Tensor)}
        for module in modules
    ]
    devices = {p.device.index or 0 for p in model.parameters() if p.device.type == "cuda"}
    try:
        with torch.random.fork_rng(devices=sorted(devices)), torch.no_grad():
            model.eval()
            yield
    finally:
        with torch.no_grad():
            for module, flag, held, plain in zip(modules, flags, buffers, attributes, strict=True):
                module.training = flag
                for name, buffer in held.items():
                    module._buffers[name] = buffer
                    if buffer is not None and not _same_bits(buffer, contents[id(buffer)]):
                        buffer.copy_(contents[id(buffer)])
                vars(module).update(plain)


def _same_bits(left: torch.Tensor, right: torch.Tensor) -> bool:
    # Only what changed is written back, to keep the version counters that autograd checks. NaN counts as changed, which
    # is harmless.
    return left.shape == right.shape and bool(torch.equal(left, right))
