"""Bipartite graphs of one layer: *rolled* and *rolled-channel*.

``docs/layers.md`` defines them. Each is an MGE of two node layers, and can be measured, stored and exported like any
other.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import EncodingError, MaskError
from sparsetopo.graphs.mge import MGE
from sparsetopo.graphs.plan import Axis, Block, NodeLayer, Plan
from sparsetopo.graphs.plan_parts import outputs_first

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class LayerKind:
    """What the shape of a weight tensor does not tell: the groups of a convolution, and whether it is transposed.

    Each output channel reads only the input channels of its group. Weights of a transposed convolution are (in, out /
    groups, *kernel).
    """

    groups: int = 1
    transposed: bool = False


PLAIN = LayerKind()


def rolled(
    weight: NDArray[Any],
    mask: NDArray[np.bool_],
    kind: LayerKind = PLAIN,
    name: str = "weight",
) -> MGE:
    """Rolled graph of a layer: every kept weight is an edge.

    Parameters
    ----------
    weight
        (out, in / groups, *kernel) floats, as PyTorch shapes them; a linear layer has no kernel.
    mask
        Bool, of the same shape, True where the weight is kept.
    kind
        Groups, and whether the convolution is transposed.
    name
        Name of the layer, for error messages and as the name of the graph's parameter.

    Returns
    -------
    MGE
        Left node ``c * K + k``: position k of the K positions of the kernel (row-major) in input channel c of all
        groups; right node: output channel. Edge weight |w|, float32.

    Raises
    ------
    EncodingError
        If the tensor has fewer than two dimensions or an empty one, the groups do not divide its
        channels, or a kept weight is not finite.
    MaskError
        If the mask is not bool or not of the tensor's shape.

    Examples
    --------
    >>> graph = rolled(np.ones((4, 2, 3, 3)), np.ones((4, 2, 3, 3), dtype=bool))
    >>> graph.layer_sizes, graph.num_edges
    ([18, 4], 72)
    """
    kernels, kept = _kernels(weight, mask, kind, name)
    outputs = kernels.shape[0]
    return _graph(kernels.reshape(outputs, -1), kept.reshape(outputs, -1), kind.groups, name)


def rolled_channel(
    weight: NDArray[Any],
    mask: NDArray[np.bool_],
    kind: LayerKind = PLAIN,
    name: str = "weight",
) -> MGE:
    """Rolled-channel graph of a layer: every kernel with a kept weight is an edge.

    Parameters and errors are those of `rolled`.

    Returns
    -------
    MGE
        Left node: input channel (of a linear layer: input unit); right node: output channel. Edge
        weight: L2 norm of the kept weights of the kernel, float32.

    Examples
    --------
    >>> graph = rolled_channel(np.ones((4, 2, 3, 3)), np.ones((4, 2, 3, 3), dtype=bool))
    >>> graph.layer_sizes, graph.num_edges
    ([2, 4], 8)
    """
    kernels, kept = _kernels(weight, mask, kind, name)
    with np.errstate(over="ignore"):  # the graph refuses an infinite norm and names the layer
        squares = np.square(np.where(kept, kernels, 0), dtype=np.float64)
        norms = np.sqrt(squares.sum(axis=2)).astype(np.float32)
    any_kept: NDArray[np.bool_] = np.logical_or.reduce(kept, axis=2)
    return _graph(norms, any_kept, kind.groups, name)


def biadjacency(graph: MGE) -> "csr_array":
    """Matrix (left, right) of a graph of this module: float32 weights; kept zeros are stored."""
    left = graph.plan.node_layers[0].size
    return graph.to_scipy()[:left, left:]


def kept_kernels(mask: NDArray[np.bool_], kind: LayerKind, name: str) -> NDArray[np.bool_]:
    """Mask of a layer as (groups, outputs of a group, inputs of a group, kernel positions).

    Parameters and errors are those of `rolled`.

    Examples
    --------
    >>> kept_kernels(np.ones((4, 2, 3, 3), dtype=bool), LayerKind(groups=2), "conv").shape
    (2, 2, 2, 9)
    """
    _, kept = _kernels(mask, mask, kind, name)
    return kept.reshape(kind.groups, -1, *kept.shape[1:])


def _kernels(
    weight: NDArray[Any], mask: NDArray[np.bool_], kind: LayerKind, name: str
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Weights and mask as (out, in / groups, kernel positions)."""
    weight, mask = np.asarray(weight), np.asarray(mask)
    if weight.ndim < 2 or 0 in weight.shape:
        raise EncodingError(
            f"the weights of '{name}' have shape {weight.shape}, but must have (out, in) or "
            "(out, in, *kernel), none of them 0."
        )
    if mask.dtype != np.bool_ or mask.shape != weight.shape:
        raise MaskError(
            f"mask of '{name}' has shape {mask.shape} and type {mask.dtype}, but should be bool of "
            f"{weight.shape}."
        )
    groups, first = kind.groups, weight.shape[0]
    if not isinstance(groups, int) or groups < 1 or first % groups:
        what = "input" if kind.transposed else "output"
        raise EncodingError(
            f"'{name}' has {groups!r} groups, but they must divide its {first} {what} channels."
        )
    return _by_output(weight, kind), _by_output(mask, kind)


def _by_output(array: NDArray[Any], kind: LayerKind) -> NDArray[Any]:
    if kind.transposed:
        array = outputs_first(array, kind.groups)
    return array.reshape(*array.shape[:2], -1)


def _graph(weights: NDArray[Any], kept: NDArray[np.bool_], groups: int, name: str) -> MGE:
    """MGE of a matrix (right nodes, left nodes of one group): a 1x1 convolution of one position."""
    outputs, inputs = weights.shape
    axis = Axis.of([0], [0], [0])
    per_group = outputs // groups
    block = Block(
        parameter=name,
        source=0,
        target=1,
        shape=(groups, per_group, inputs, 1, 1),
        offset=0,
        strides=(per_group * inputs, inputs, 1, 1, 1),
        source_channel=0,
        channel_map=None,
        target_channel=0,
        rows=0,
        columns=0,
    )
    shape = (outputs, inputs, 1, 1)
    plan = Plan(
        input_shape=(groups * inputs, 1, 1),
        identity_shortcuts=False,
        node_layers=(
            NodeLayer("left", groups * inputs, 1, 1),
            NodeLayer("right", outputs, 1, 1),
        ),
        axes=(axis,),
        channel_maps=(),
        blocks=(block,),
        parameters={name: shape},
        outputs=(1,),
    )
    return MGE(plan, {name: weights.reshape(shape)}, {name: kept.reshape(shape)})
