"""The multipartite graph encoding: a plan and the masked weights of one sparse network. Torch-free."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import EncodingError, MaskError
from sparsetopo.graphs.bundles.build import bundles
from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.mge_file import MAIN, TRAINED, read_mge, write_mge
from sparsetopo.graphs.plan import Plan
from sparsetopo.networks.masks import bool_mask

if TYPE_CHECKING:
    from igraph import Graph
    from networkx import DiGraph
    from scipy.sparse import csr_array

    from sparsetopo.graphs.export.edge_blocks import EdgeBlock


class MGE:
    """Multipartite graph encoding of one sparse network; its edges are implicit, and unrolled on request.

    Parameters
    ----------
    plan
        The wiring.
    weights
        {parameter: float32 array} of exactly the plan's parameters, in PyTorch's shapes; masked weights become 0.
    masks
        {parameter: bool array}, True where the weight is kept; a kept weight of 0 is an edge too.

    Raises
    ------
    EncodingError
        If a weight tensor is missing, unknown, wrongly shaped or not finite.
    MaskError
        If a mask is missing, unknown, wrongly shaped or not bool.
    """

    def __init__(
        self,
        plan: Plan,
        weights: Mapping[str, NDArray[Any]],
        masks: Mapping[str, NDArray[np.bool_]],
    ) -> None:
        _require_names(plan, weights, "weights", EncodingError)
        _require_names(plan, masks, "mask", MaskError)
        self.plan = plan
        self.weights: dict[str, NDArray[np.float32]] = {}
        self.masks: dict[str, NDArray[np.bool_]] = {}
        for name, shape in plan.parameters.items():
            mask = np.asarray(masks[name])
            if mask.dtype != np.bool_ or mask.shape != shape:
                raise MaskError(
                    f"mask of '{name}' has shape {mask.shape} and type {mask.dtype}, but should be bool of {shape}."
                )
            array = np.asarray(weights[name], dtype=np.float32)
            if array.shape != shape:
                raise EncodingError(
                    f"weights of '{name}' have shape {array.shape}, but the plan says {shape}."
                )
            array = np.where(mask, array, np.float32(0))
            if not np.isfinite(array).all():
                bad = int(np.count_nonzero(~np.isfinite(array)))
                raise EncodingError(
                    f"{bad} of the kept weights of '{name}' are not finite (NaN or infinite); edge weights must be "
                    "finite numbers: encode a network whose training did not diverge."
                )
            self.weights[name], self.masks[name] = array, mask

    def __repr__(self) -> str:
        layers, kept = len(self.layer_sizes), sum(int(mask.sum()) for mask in self.masks.values())
        return f"<MGE: {self.num_nodes:,} nodes in {layers} layers, {kept:,} kept weights>"

    @property
    def num_nodes(self) -> int:
        """Number of nodes V."""
        return self.plan.num_nodes

    @property
    def layer_sizes(self) -> list[int]:
        """Number of nodes of each node layer."""
        return self.plan.layer_sizes

    @property
    def layer_offsets(self) -> list[int]:
        """First node id of each node layer; the last entry is V."""
        return self.plan.layer_offsets

    @cached_property
    def bundles(self) -> list[Bundle]:
        """The edges in the normal form that algorithms work on, with parallel edges merged."""
        return bundles(self.plan, self.weights, self.masks)

    @property
    def num_edges(self) -> int:
        """Number of edges E, parallel ones merged, counted without unrolling them."""
        return sum(bundle.num_edges for bundle in self.bundles)

    def edge_blocks(self, max_edges: int = 2**20) -> "Iterator[EdgeBlock]":
        """Iterate over all edges, parallel ones summed, in blocks of at most `max_edges` (ValueError if less than 1).

        A block is (sources, targets, weights): node ids (int32 if they fit, otherwise int64) and float32 ``|w|``, in
        the fixed order that ``docs/formats.md`` gives.
        """
        from sparsetopo.graphs.export.edge_blocks import edge_blocks

        return edge_blocks(self, max_edges)

    def to_scipy(self) -> "csr_array":
        """Adjacency matrix (V, V): float32 ``|w|`` from source to target, parallel edges summed.

        A kept weight of exactly 0 is an edge, stored as an explicit zero. EncodingError if the matrix would not fit in
        memory.
        """
        from sparsetopo.graphs.export.unroll import unroll

        return unroll(self.plan, self.weights, self.masks)

    def to_igraph(self) -> "Graph":
        """Directed `igraph.Graph`: edge attribute ``weight`` (``|w|``), vertex attribute ``layer``.

        It raises what `to_scipy` does, and MissingPackageError if the package is not installed.
        """
        from sparsetopo.graphs.export.igraph_graph import to_igraph

        return to_igraph(self)

    def to_networkx(self) -> "DiGraph":
        """`networkx.DiGraph`: edge attribute ``weight`` (``|w|``), node attribute ``layer``.

        It raises what `to_scipy` does, and MissingPackageError if the package is not installed.
        """
        from sparsetopo.graphs.export.networkx_graph import to_networkx

        return to_networkx(self)

    def export(self, path: str | PathLike[str], format: str | None = None) -> None:  # noqa: A002
        """Stream the edges to a file, atomically, in memory that does not grow with their number.

        Parameters
        ----------
        path
            The file to write.
        format
            "npz", "parquet", "csv" or "graphml" (small graphs only), described in ``docs/formats.md``; by default the
            suffix of `path`.

        Raises
        ------
        UnknownNameError
            If the format is unknown.
        FileFormatError
            If `path` is a folder.
        EncodingError
            If the graph is too large for the format.
        MissingPackageError
            If a package that the format needs is not installed.
        """
        from sparsetopo.graphs.export import export

        export(self, path, format)

    def save(
        self,
        path: str | PathLike[str],
        specification: Any = None,
        *,
        trained: "MGE | None" = None,
    ) -> None:
        """Write plan and kept weights to a safetensors file, atomically.

        ``docs/formats.md`` describes the file; `specification` (JSON-serialisable) says where the network comes from.
        With the graph of the same network after training, the file holds its weights, too.
        """
        after = None if trained is None else trained.weights
        write_mge(path, self.plan, self.weights, self.masks, specification, after)

    @classmethod
    def load(cls, path: str | PathLike[str], *, trained: bool = False) -> "MGE":
        """Read a file of `save` (FileFormatError if it is missing, damaged, foreign, or of another version).

        `trained` asks for the weights after training, which the file must hold then.
        """
        return cls(*read_mge(path, TRAINED if trained else MAIN))


def mge_from_masks(
    plan: Plan, weights: Mapping[str, NDArray[Any]], masks: Mapping[str, Any] | None = None
) -> MGE:
    """Build an MGE from a plan, a network's weights and (partial) masks, without torch.

    Parameters
    ----------
    plan
        The wiring.
    weights
        {parameter: array} of at least the plan's parameters; others (biases, batch-norm) are ignored.
    masks
        {parameter: bool array}, True where the weight is kept. Parameters without a mask are kept whole, and masks of
        parameters that the plan does not use are ignored. None: the non-zero weights are kept.

    Raises
    ------
    MaskError
        If a mask does not fit its parameter, or names one that neither the plan nor `weights` has.
    EncodingError
        If a parameter of the plan has no weights, or they do not fit or are not finite.
    """
    missing = [name for name in plan.parameters if name not in weights]
    if missing:
        raise EncodingError(
            f"the plan uses parameter '{missing[0]}', but no weights of that name are given."
        )
    used = {name: weights[name] for name in plan.parameters}
    if masks is None:
        return MGE(plan, used, {name: np.asarray(array) != 0 for name, array in used.items()})
    for name in masks:
        if name not in plan.parameters and name not in weights:
            known = ", ".join(list(plan.parameters)[:3])
            raise MaskError(
                f"the mask names parameter '{name}', which the network does not have (it has "
                f"{known}, ...)."
            )
    chosen = {
        name: bool_mask(name, masks[name]) if name in masks else np.ones(shape, dtype=bool)
        for name, shape in plan.parameters.items()
    }
    return MGE(plan, used, chosen)


def _require_names(
    plan: Plan, given: Mapping[str, Any], what: str, error: type[EncodingError] | type[MaskError]
) -> None:
    for name in plan.parameters:
        if name not in given:
            raise error(f"there is no {what} for parameter '{name}', which the plan uses.")
    for name in given:
        if name not in plan.parameters:
            raise error(f"there is a {what} for '{name}', which the plan does not use.")
