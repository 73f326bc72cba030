"""Whether a plan is that of a model: by its modules and shapes, and by the constants that may decide the wiring."""

import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

# Of normalisations: training changes them, and they join nothing.
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def uncompiled(model: nn.Module) -> nn.Module:
    """The module that `torch.compile` wrapped, or the model itself."""
    while isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):
        model = inner
    return model


def fingerprint(model: nn.Module) -> str:
    """Digest of the kinds and settings of all modules of a model, and of the shapes of its tensors."""
    model = uncompiled(model)
    digest = hashlib.sha256()
    for path, module in model.named_modules():
        kind = type(module)
        digest.update(
            f"{path} {kind.__module__}.{kind.__qualname__} {module.extra_repr()}\n".encode()
        )
    for named in (model.named_parameters(), model.named_buffers()):
        for name, tensor in named:
            digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
    return digest.hexdigest()


def constants_digest(model: nn.Module) -> str:
    """Digest of what the buffers and plain tensors of a model hold: a permutation, say, or a mask of activations."""
    digest = hashlib.sha256()
    for name, tensor in _constants(uncompiled(model)):
        digest.update(f"{name} {tensor.dtype}\n".encode())
        if not tensor.is_meta and tensor.layout == torch.strided and not tensor.is_quantized:
            values = tensor.detach().to("cpu").contiguous().reshape(-1).view(torch.uint8)
            digest.update(values.numpy().tobytes())
    return digest.hexdigest()


def _constants(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for path, module in model.named_modules():
        for name, value in (*module._buffers.items(), *vars(module).items()):
            if isinstance(value, Tensor) and name not in _STATISTICS:
                yield f"{path}.{name}", value
