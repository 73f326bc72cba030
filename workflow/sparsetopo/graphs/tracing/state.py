"""Running a model without a trace: its state afterwards is the state before, bit for bit."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Put the model in eval mode without gradients, then restore all that running may change.

    Restored: training flags, buffers (object and content), tensors that hooks assign as plain
    attributes (the product weight of `torch.nn.utils.prune`, with its autograd history), and the
    random state. Parameters are not copied: no operation in eval mode without gradients writes to
    them.
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
    # Writing only what changed keeps version counters, which autograd checks, as they were. NaN
    # differs from itself and is written again, which is harmless.
    return left.shape == right.shape and bool(torch.equal(left, right))
