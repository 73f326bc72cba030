"""A network cut into segments that keep only their inputs: derivatives with little memory.

Activation checkpointing (Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory
cost", 2016), for second derivatives too (`sparsetopo.pruning.derivatives.recomputed`), for which
``torch.utils.checkpoint`` would keep everything. The batch is never cut, so batch-norm sees all.

Every module with few prunable weights is a segment, such as a residual block, and so is every run
of small children of an ``nn.Sequential``.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import nn

from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.pruning.derivatives.recomputed import Recomputed

# Most prunable weights of a module that is a segment: the two convolutions of a residual block and
# its shortcut. Smaller segments keep more inputs, larger ones take more memory while they are
# computed. By measurement, three is best for residual networks, and two for runs of Conv-6.
LARGEST_MODULE = 3
LARGEST_RUN = 2


@contextlib.contextmanager
def segmented(model: nn.Module) -> Iterator[None]:
    """Let a network compute in segments inside the block; its derivatives stay the same.

    Only the ``forward`` of some of its modules is replaced, until the block ends.
    """
    replaced = []
    try:
        for module, forward in list(_replacements(model)):
            if "forward" not in vars(module):  # someone else may have replaced it
                module.forward = forward
                replaced.append(module)
        yield
    finally:
        for module in replaced:
            del module.forward


def _replacements(module: nn.Module) -> Iterator[tuple[nn.Module, Callable[..., Any]]]:
    """Modules that compute in segments, with their new forward functions."""
    children = list(module.children())
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        # Not `children`, which lists a module that is used twice only once.
        yield module, _chain([_step(run) for run in _runs(list(module))])
    else:
        for child in children:
            if 0 < _weights([child]) <= LARGEST_MODULE and any(child.children()):
                yield child, Recomputed(child.forward, [child])
    for child in children:
        if _weights([child]) > LARGEST_MODULE:
            yield from _replacements(child)


def _runs(children: Sequence[nn.Module]) -> Iterator[list[nn.Module]]:
    """Cut the children of a Sequential into runs; a child with too many weights is a run alone."""
    run: list[nn.Module] = []
    for child in children:
        if run and _weights([child]) and _weights([*run, child]) > LARGEST_RUN:
            yield run
            run = []
        run.append(child)
        if _weights(run) > LARGEST_MODULE:
            yield run
            run = []
    if run:
        yield run


def _step(run: list[nn.Module]) -> Callable[[Any], Any]:
    """Function that applies a run of modules: a segment, unless it is too large or too small."""
    worth_it = len(run) > 1 or any(run[0].children())
    if worth_it and 0 < _weights(run) <= LARGEST_MODULE:
        return Recomputed(_chain(run), run)
    return _chain(run)


def _chain(steps: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def forward(input: Any) -> Any:  # noqa: A002 - the name that nn.Sequential has for it
        for step in steps:
            input = step(input)  # noqa: A001
        return input

    return forward


def _weights(modules: Sequence[nn.Module]) -> int:
    """Number of prunable parameters in some modules."""
    return sum(len(prunable_parameters(module)) for module in modules)
