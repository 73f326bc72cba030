"""Slow independent reference for any network: its edges by autograd, without anything of the library.

The output of every operation with weights is cut into a fresh leaf, and activations, normalisations, maxima and the
like are replaced by what depends on the same elements but neither saturates nor cancels (`oracle/surrogates.py`). Then
unit j reads unit i if and only if d out_j / d in_i is not 0. An edge's magnitude is the sum of |w| over the elements of
the operation's input that depend on unit i. Additions follow section 1 of docs/graph.md (`oracle/freshness.py`).
"""

import torch
from tests.oracle.aten import PRODUCTS, SOFTMAXES, AtenGraph, is_node, kind
from tests.oracle.frames import Frames
from tests.oracle.freshness import Freshness, shape_of
from tests.oracle.layers import Layer, OracleGraph
from tests.oracle.surrogates import run_surrogate
from tests.oracle.weights import Masks, evaluate, widened


def oracle_graph(model, example, masks=None, identity_shortcuts=False, attention="all"):
    """Read the graph of a model; `example` is a tensor, a tuple or keywords with a batch of 1."""
    arguments = example if isinstance(example, tuple) else (example,)
    arguments, keywords = ((), dict(example)) if isinstance(example, dict) else (arguments, {})
    graph = AtenGraph(model, arguments, keywords)
    everything = _Reading(graph, masks, identity_shortcuts, "all")
    live = everything.live
    if attention == "values":
        everything = _Reading(graph, masks, identity_shortcuts, "values")
    layers = [layer for layer in everything.layers if layer.name in live]
    return OracleGraph(sorted(layers, key=lambda layer: layer.order))


class _Reading:
    """One pass over the graph with surrogates in place of operators."""

    def __init__(self, graph, masks, identity_shortcuts, attention):
        self.graph, self.identity_shortcuts, self.attention = graph, identity_shortcuts, attention
        self.values = {node: widened(tensor) for node, (_, tensor) in graph.state.items()}
        for node in graph.nodes:
            if node not in graph.data and node not in graph.state:
                self.values[node] = self._constant(node)
        self.masks = Masks(graph, dict(self.values), masks)
        weighted = {node for node in graph.nodes if self._is_weighted(node)}
        self.freshness = Freshness(graph, weighted, self.values)
        self.consumer = {
            source: (addition, units)
            for addition, union in self.freshness.unions.items()
            for source, units in union.fresh.items()
        }
        self.layers, self.pending, self.frames = [], {}, Frames()
        self.position = {node: n for n, node in enumerate(graph.nodes)}
        generator = torch.Generator().manual_seed(0)
        self.random = lambda shape: (
            torch.rand(shape, generator=generator, dtype=torch.float64) + 0.5
        )
        for node in graph.nodes:
            if node in graph.data:
                self.values[node] = self._data(node)
        self.live = self._live()
        self.frames.assemble(self.layers)

    def _constant(self, node):
        if node.op == "get_attr":
            return widened(getattr(self.graph.module, node.target))
        if kind(node) == "statistic":
            return torch.ones(node.meta["val"].shape, dtype=torch.float64)
        # What takes only its shape from the data (zeros_like) is shown ones of that shape.
        shapes = {
            n: torch.ones(shape_of(n), dtype=torch.float64)
            for n in node.all_input_nodes
            if n not in self.values
        }
        return evaluate(node, self.values | shapes)

    def _is_weighted(self, node):
        if node not in self.graph.data:
            return False
        if kind(node) == "convolution":
            return node.args[0] in self.graph.data and node.args[1] not in self.graph.data
        return kind(node) in PRODUCTS and sum(n in self.graph.data for n in factors(node)) == 1

    def _data(self, node):
        if node in self.graph.inputs and node not in self.graph.input_layers:
            return self.graph.inputs[node]
        if node in self.graph.input_layers:
            return self._input(node)
        if node in self.freshness.weighted:
            return self._weighted(node)
        if node in self.freshness.unions:
            return self._union(node)
        if kind(node) == "copy":
            return self.values[node.args[1]].expand(shape_of(node)).clone()
        args = torch.fx.node.map_aggregate(node.args, self._value)
        kwargs = torch.fx.node.map_aggregate(node.kwargs, self._value)
        if kind(node) in PRODUCTS and self.attention == "values":
            detached = [from_softmax(a) if is_node(a) else False for a in node.args]
            args = [a.detach() if cut else a for a, cut in zip(args, detached, strict=True)]
        data = [a in self.graph.data if is_node(a) else False for a in node.args]
        learned = any(self._is_learned(n) for n in node.all_input_nodes if n not in self.graph.data)
        return run_surrogate(node, args, kwargs, data, learned)

    def _is_learned(self, node):
        """Whether a parameter went into a constant."""
        if node in self.graph.state:
            return isinstance(self.graph.state[node][1], torch.nn.Parameter)
        return any(self._is_learned(n) for n in node.all_input_nodes)

    def _value(self, item):
        return self.values[item] if is_node(item) else item

    def _leaf(self, node, order, channels, canonical):
        leaf = self.random(shape_of(node)).requires_grad_()
        layer = Layer(node.name, order, leaf, channels, canonical)
        self.layers.append(layer)
        return layer

    def _input(self, node):
        shape = shape_of(node)
        elements = torch.arange(shape.numel())
        channels = shape[1] if len(shape) > 1 else 1
        if kind(node) == "embedding":
            channels = shape[-1]
            elements = elements.reshape(-1, channels).T.flatten()
        layer = self._leaf(node, self.position[node] - len(self.position), channels, elements)
        if kind(node) != "embedding":
            self.frames.inputs[layer] = tuple(shape[1:])
        return layer.leaf

    def reads(self, value):
        """[(layer, (units, elements) matrix of whether an element depends on a unit)]."""
        leaves = [layer for layer in self.layers if layer.leaf is not None]
        if not value.requires_grad:
            return []
        eye = torch.eye(value.numel(), dtype=torch.float64)
        found = torch.autograd.grad(
            value.reshape(-1),
            [layer.leaf for layer in leaves],
            eye,
            retain_graph=True,
            allow_unused=True,
            is_grads_batched=True,
        )
        return [
            (layer, (gradient.reshape(len(eye), -1).T != 0).double())
            for layer, gradient in zip(leaves, found, strict=True)
            if gradient is not None and bool((gradient != 0).any())
        ]

    def _weighted(self, node):
        operands = node.args[:2] if kind(node) == "convolution" else factors(node)
        source = next(n for n in operands if n in self.graph.data)
        weight = next(n for n in operands if n not in self.graph.data)
        shape = shape_of(source)

        def apply(matrix, kernel):
            def one(row):
                given = {source: row.reshape(shape), weight: kernel}
                return run_without_bias(node, [given[n] for n in operands]).reshape(-1)

            return torch.vmap(one)(matrix)

        kernels = self.values[weight].abs() * self.masks.of(weight), self.masks.of(weight)
        reads = self.reads(self.values[source])
        channels, canonical = self._canonical(node, operands[0] is source, reads)
        edges = [(layer, apply(m, kernels[0]), apply(m, kernels[1]) > 0.5) for layer, m in reads]
        if kind(node) == "convolution":
            edges = self.frames.deferred(node, kernels, reads, shape, edges)
        return self._produce(node, edges, {layer for layer, _ in reads}, channels, canonical)

    def _produce(self, node, edges, depends, channels, canonical):
        order, root = self.position[node], node
        while root in self.consumer:
            root, units = self.consumer[root]
            edges = [
                (layer, *(on_elements(m, units) for m in matrices)) for layer, *matrices in edges
            ]
            canonical = units.argsort()[canonical]
        pending = self.pending.setdefault(root, [[], set(), order, channels, canonical])
        pending[0] += edges
        pending[1] |= depends
        pending[2] = max(pending[2], order)
        if root is not node:
            return self.random(shape_of(node))
        return self._finish(node).leaf

    def _finish(self, node):
        edges, depends, order, channels, canonical = self.pending[node]
        layer = self._leaf(node, order, channels, canonical)
        layer.incoming, layer.depends = edges, depends
        return layer

    def _union(self, node):
        union = self.freshness.unions[node]
        edges, depends = [], set()
        for operand in union.shortcuts:
            reads = self.reads(self.values[operand].expand(shape_of(node)))
            depends |= {layer for layer, _ in reads}
            edges += [(layer, matrix, matrix > 0) for layer, matrix in reads]
        root = node
        while root in self.consumer:
            root, units = self.consumer[root]
            edges = [
                (layer, *(on_elements(m, units) for m in matrices)) for layer, *matrices in edges
            ]
        pending = self.pending[root]
        pending[1] |= depends
        if edges and self.identity_shortcuts:
            pending[0] += edges
            pending[2] = max(pending[2], self.position[node])
        if root is not node:
            return self.random(shape_of(node))
        return self._finish(node).leaf + sum(self.values[operand] for operand in union.beside)

    def _canonical(self, node, data_first, reads):
        """(channels, elements in the order of node ids) of a weighted operation's output."""
        shape = shape_of(node)
        elements = torch.arange(shape.numel())
        if kind(node) == "convolution":
            return shape[1], elements
        if not data_first:
            return shape.numel() // shape[-1], elements
        channels = shape[-1]
        table = elements.reshape(-1, channels)
        for layer, matrix in reads:
            places = layer.size // layer.channels
            if places != len(table) or places == 1 or matrix.shape[1] % places:
                continue
            reach = (
                matrix[layer.canonical].reshape(layer.channels, places, places, -1).any(0).any(-1)
            )
            if bool((reach.sum(0) == 1).all()) and bool((reach.sum(1) == 1).all()):
                return channels, table[reach.int().argmax(1)].T.flatten()
        return channels, table.T.flatten()

    def _live(self):
        """Names of the layers on which some output depends, as if all weights were kept."""
        stack = [
            layer
            for node in self.graph.outputs
            if node in self.graph.data
            for layer, _ in self.reads(self.values[node])
        ]
        live = set()
        while stack:
            layer = stack.pop()
            if layer.name not in live:
                live.add(layer.name)
                stack += layer.depends
        return live


def factors(node):
    """The two factors of a matrix product."""
    return node.args[1:3] if kind(node) in ("addmm", "baddbmm", "addmv") else node.args[:2]


def run_without_bias(node, operands):
    if kind(node) == "convolution":
        return node.target(*operands, None, *node.args[3:])
    return torch.matmul(*operands)


def from_softmax(node):
    """Whether a node holds attention weights: a softmax, at most moved or masked since."""
    while kind(node) not in SOFTMAXES:
        if kind(node) not in (
            "view",
            "_unsafe_view",
            "expand",
            "clone",
            "dropout",
            "permute",
            "transpose",
            "alias",
            "_to_copy",
            "unsqueeze",
            "squeeze",
        ):
            return False
        node = node.args[0]
    return True


def on_elements(edges, units):
    """Edges into the units of a source, as edges into the elements of the sum that it is united in."""
    return edges.with_targets(units) if hasattr(edges, "with_targets") else edges[:, units]
