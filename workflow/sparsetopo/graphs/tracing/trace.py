"""Tracing: run a PyTorch model once, without values, and find out what makes its graph.

`recorder` sees every ATen operator of the run; the modules of handlers say what each one means for the wiring. Only
wiring and shapes count; names of modules appear in messages and labels alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from torch import Tensor, nn

from sparsetopo.graphs.plan import Plan
from sparsetopo.graphs.planning.resolve import resolve
from sparsetopo.graphs.tracing.constants import Computed
from sparsetopo.graphs.tracing.fingerprints import constants_digest, fingerprint
from sparsetopo.graphs.tracing.operators import register_operation
from sparsetopo.graphs.tracing.run import recorded_run
from sparsetopo.graphs.tracing.samples import require_separate_samples

__all__ = ["register_operation", "trace"]

Attention = Literal["all", "values"]


def trace(
    model: nn.Module,
    input_shape: Iterable[int] | None = None,
    identity_shortcuts: bool = False,
    *,
    attention: Attention = "all",
    example: Any = None,
) -> Plan:
    """Trace the wiring of a model at one input shape.

    The model runs in evaluation mode, without values; afterwards it is exactly as before. Threads may trace at once.

    Parameters
    ----------
    model, input_shape, identity_shortcuts, attention, example
        As in `sparsetopo.encode`.

    Returns
    -------
    Plan
        All tensors that the forward pass returns (in tuples, lists, dictionaries, dataclasses) are outputs; what none
        of them depends on is left out. What the metrics call the last layer is the plan's last node layer.

    Raises
    ------
    EncodingError
        If the model cannot run on that input, or uses an operator that is unknown or cannot be encoded; the message
        names the module, its type and the operator.

    Examples
    --------
    >>> plan = trace(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(32, 5)), (1, 4, 4))
    >>> [(layer.name, layer.size) for layer in plan.node_layers]
    [('input', 36), ('0', 32), ('2', 5)]
    """
    plan, _ = traced(model, input_shape, identity_shortcuts, attention, example, {})
    return plan


def traced(
    model: nn.Module,
    input_shape: Iterable[int] | None,
    identity_shortcuts: bool,
    attention: Attention,
    example: Any,
    masks: Mapping[str, Tensor],
) -> tuple[Plan, dict[str, Computed]]:
    """The plan, and the weights that the forward pass computes, with `masks` of parameters carried along."""
    recorder = recorded_run(model, input_shape, attention, example, masks)
    plan = resolve(recorder.recording, identity_shortcuts)
    if example is None:
        require_separate_samples(model, input_shape, attention)
    computed = {
        name: weight
        for name, weight in recorder.constants.computed.items()
        if name in plan.parameters
    }
    return (
        replace(
            plan,
            attention=attention,
            computed=tuple(computed),
            network=fingerprint(model),
            constants=constants_digest(model),
        ),
        computed,
    )
