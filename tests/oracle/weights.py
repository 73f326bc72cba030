"""Constants of a graph: effective weights, and the masks that they inherit from parameters."""

import torch
from tests.oracle.aten import BINARY, ELEMENTWISE, MOVERS, REDUCTIONS, is_node, kind, move


def evaluate(node, values):
    """Real value of a node that does not depend on the input, in float64."""

    def value(item):
        return values[item] if is_node(item) else item

    args = torch.fx.node.map_aggregate(node.args, value)
    kwargs = torch.fx.node.map_aggregate(node.kwargs, value)
    result = node.target(*args, **kwargs)
    return torch.utils._pytree.tree_map(widened, result)


def widened(item):
    if isinstance(item, torch.Tensor) and item.is_floating_point():
        return item.double()
    return item


class Masks:
    """Which elements of constants are kept; without explicit masks, those that are not 0."""

    def __init__(self, graph, values, masks):
        self.graph, self.values, self.masks = graph, values, masks

    def of(self, node):
        if self.masks is None:
            return (self.values[node] != 0).double()
        return self._carried(node)

    def _carried(self, node):
        value = self.values[node]
        if node in self.graph.state:
            name, tensor = self.graph.state[node]
            if name in self.masks:
                return torch.as_tensor(self.masks[name]).double()
            return (
                torch.ones_like(value) if name in self.graph.parameters else (tensor != 0).double()
            )
        name = kind(node)
        operands = [n for n in node.all_input_nodes if isinstance(self.values[n], torch.Tensor)]
        if not operands or node.op == "get_attr":
            return (value != 0).double()
        if name in REDUCTIONS:
            return torch.ones_like(value) if isinstance(value, torch.Tensor) else value
        if name in ELEMENTWISE or (name in ("pow",) and len(operands) == 1):
            return self._carried(operands[0])
        if name in MOVERS:
            _, *settings = torch.fx.node.map_aggregate(
                node.args, lambda item: self.values[item] if is_node(item) else item
            )
            return move(node, [self._carried(node.args[0]), *settings])
        if name == "where":
            return torch.where(self.values[node.args[0]], *(self._of_any(b) for b in node.args[1:]))
        if name in ("mul", "div", "add", "sub", "rsub"):
            carried = [self._carried(n) for n in operands if not self._is_statistic(n)]
            if name == "mul":
                return torch.stack([m.expand(value.shape) for m in carried]).prod(0)
            if len(carried) == 1 and carried[0].shape == value.shape:
                return carried[0]
        raise NotImplementedError(f"a mask cannot be carried through {node.target}")

    def _of_any(self, item):
        return (
            self._carried(item)
            if is_node(item)
            else torch.tensor(float(item != 0), dtype=torch.float64)
        )

    def _is_statistic(self, node):
        """Whether a constant is a mean or deviation of another, or made of such alone."""
        operands = [n for n in node.all_input_nodes if isinstance(self.values[n], torch.Tensor)]
        name = kind(node)
        made = name in ELEMENTWISE or name in BINARY or name in MOVERS
        return name in REDUCTIONS or (
            made and bool(operands) and all(map(self._is_statistic, operands))
        )
