"""Which additions unite operands into one node layer, and which operands are identity shortcuts.

A *source* is a weighted operation or an addition that unites. An operand of an addition is fresh if its elements are
the units of one source, each once, possibly moved and through elementwise operations, and nothing else reads them.
"""

from dataclasses import dataclass, field

import torch
from tests.oracle.aten import (
    ADDITIONS,
    BINARY,
    ELEMENTWISE,
    MOVERS,
    NORMALISATIONS,
    inputs_of,
    is_node,
    kind,
    move,
)


@dataclass
class Union:
    """An addition that unites.

    `fresh` has, for each source, its unit at every element of the sum. `shortcuts` are operands that something else
    reads as well. `beside` are operands that only the sum reads, but that are no plain layer (pooled, gated, one step
    of a sequence): who reads the sum reads them too.
    """

    fresh: dict = field(default_factory=dict)
    shortcuts: list = field(default_factory=list)
    beside: list = field(default_factory=list)


class Freshness:
    """`unions` by addition."""

    def __init__(self, graph, weighted, constants):
        self.graph, self.weighted, self.constants = graph, weighted, constants
        self.unions = {}
        while self._unite_one_more():
            pass

    def _unite_one_more(self):
        self.units = self._units()
        for node in self.graph.nodes:
            if kind(node) not in ADDITIONS or node in self.unions or self.units.get(node):
                continue
            operands = [n for n in inputs_of(node) if n in self.graph.data]
            if len(operands) < 2:
                continue
            union, others = Union(), []
            for operand in operands:
                source = self._fresh(operand, node)
                if source is None:
                    others.append(operand)
                else:
                    union.fresh[source] = self.units[operand][1].flatten().long()
            for operand in others if union.fresh else ():
                shortcut = self._is_read_elsewhere(operand, node)
                (union.shortcuts if shortcut else union.beside).append(operand)
            if union.fresh:
                self.unions[node] = union
                return True
        return False

    def _fresh(self, operand, addition):
        if not self.units.get(operand):
            return None
        source, units = self.units[operand]
        if source not in self.weighted and source not in self.unions:
            return None
        size = shape_of(source).numel()
        whole = units.shape == shape_of(addition) and torch.equal(
            units.flatten().sort()[0], torch.arange(size).double()
        )
        readers = [reader for _, reader in self._readers(source)]
        return source if whole and readers == [addition] else None

    def _is_read_elsewhere(self, operand, addition):
        """Whether something outside the operand's own computation reads all units that the operand reads."""
        if self.units.get(operand):
            source, units = self.units[operand]
            own = set(units.flatten().tolist())
            others = [
                set(self.units[through][1].flatten().tolist())
                for through, reader in self._readers(source)
                if reader is not addition
            ]
            return own <= set().union(*others)
        above, sources = self._ancestors(operand)
        return all(
            any(reader not in above for reader in self._ends(source, addition))
            for source in sources
        )

    def _ends(self, source, addition):
        """Weighted operations, uniting additions and outputs that read a source, not looking through `addition`."""
        ends, stack, seen = set(), [source], {addition}
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.graph.outputs:
                ends.add("output")
            for reader in self.graph.readers[node]:
                if reader in self.weighted or (reader in self.unions and reader is not addition):
                    ends.add(reader)
                else:
                    stack.append(reader)
        return ends

    def _ancestors(self, operand):
        """All nodes above an operand, and the nearest sources among them."""
        above, near, sources = set(), [operand], set()
        while near:
            node = near.pop()
            if node in self.unions or (self.units.get(node) and self.units[node][0] is node):
                sources.add(node)
            elif node not in above:
                near += inputs_of(node)
            above.add(node)
        stack = list(above)
        while stack:
            new = [n for n in inputs_of(stack.pop()) if n not in above]
            above.update(new)
            stack += new
        return above, sources

    def _readers(self, source):
        """(node, its reader) wherever something reads a source, itself or as moved or changed element by element."""
        readers, stack, seen = [], [source], set()
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.graph.outputs:
                readers.append((node, "output"))
            for reader in self.graph.readers[node]:
                if self._belongs(reader, source):
                    stack.append(reader)
                else:
                    readers.append((node, reader))
        return readers

    def _belongs(self, node, source):
        units = self.units.get(node)
        return node not in self.unions and bool(units) and units[0] is source

    def _units(self):
        """{node: (source, unit at each element)} where every element is one unit of one source."""
        units = {}
        for node in self.graph.nodes:
            if node not in self.graph.data:
                continue
            if self._is_source(node):
                shape = shape_of(node)
                # In float64, which is exact here, because some movers do not take integers.
                units[node] = (node, torch.arange(shape.numel()).double().reshape(shape))
                continue
            known = [units.get(n) for n in inputs_of(node) if n in self.graph.data]
            if node in self.unions or not known or any(k is None for k in known):
                continue
            moved = self._moved(node, units, known)
            if moved is not None:
                units[node] = (known[0][0], moved)
        return units

    def _is_source(self, node):
        if node in self.unions:
            return not self.unions[node].beside
        return node in self.weighted or node in self.graph.input_layers

    def _moved(self, node, units, known):
        name = kind(node)
        first = known[0][1]
        if name in MOVERS:
            if len(known) > 1:
                return None
            args = torch.fx.node.map_aggregate(
                node.args,
                lambda a: (units[a][1] if a in units else self.constants[a]) if is_node(a) else a,
            )
            return move(node, args)
        if name in NORMALISATIONS:
            return (first,)
        if name == "copy":
            return first if first.shape == shape_of(node) else None
        if name in ELEMENTWISE or name in BINARY or name == "where":
            same = all(k[0] is known[0][0] and k[1].shape == first.shape for k in known)
            same = same and all(torch.equal(k[1], first) for k in known)
            return first if same and shape_of(node) == first.shape else None
        return None


def shape_of(node):
    value = node.meta["val"]
    return value.shape if isinstance(value, torch.Tensor) else None
