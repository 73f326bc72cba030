"""Node layers of the oracle, and the graph that they make."""

from dataclasses import dataclass, field

import torch


@dataclass(eq=False)
class Layer:
    """Node layer; matrices are (units of the source, units of this layer), units in the order of the leaf's elements.

    `canonical` lists the elements in the order of node ids: channels, then positions.
    """

    name: str
    order: int
    leaf: torch.Tensor | None
    channels: int
    canonical: torch.Tensor
    incoming: list = field(default_factory=list)  # (source, magnitudes, whether there is an edge)
    depends: set = field(default_factory=set)

    @property
    def size(self):
        return len(self.canonical)


class OracleGraph:
    """`layers` in topological order; `edges` {(source index, target index): (magnitudes, kept)} in canonical order."""

    def __init__(self, layers):
        self.layers = layers
        self.sizes = [layer.size for layer in layers]
        index = {id(layer): n for n, layer in enumerate(layers)}
        self.edges = {}
        for target in layers:
            for source, magnitudes, kept in target.incoming:
                if id(source) not in index or not bool(kept.any()):
                    continue
                at = (index[id(source)], index[id(target)])
                add = [m[source.canonical][:, target.canonical] for m in (magnitudes, kept)]
                if at in self.edges:
                    add = [self.edges[at][0] + add[0], self.edges[at][1] | add[1]]
                self.edges[at] = tuple(add)

    @property
    def num_edges(self):
        return sum(int(kept.sum()) for _, kept in self.edges.values())

    def edges_between(self):
        """{(source index, target index): number of edges}."""
        return {at: int(kept.sum()) for at, (_, kept) in self.edges.items()}
