"""From a recording to a plan: which elements are nodes, and which blocks of edges join them. Torch-free.

``docs/graph.md``, section 1, has the rules. Sites are resolved in order of execution: for each of them, which units its
elements depend on (`Terms`), and for an operation with weights also the boxes that it reads and the node layers it
writes. Blocks come last, since the frame of the input is as large as the largest padding of what reads it.

Node layers are ordered by when their last producer ran (with identity shortcuts, by the last addition that a shortcut
enters), so that every block goes from a lower to a higher index.
"""

from collections.abc import Iterable

import numpy as np

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.plan import NodeLayer, Plan
from sparsetopo.graphs.planning.additions import United, united_additions
from sparsetopo.graphs.planning.along_channels import as_depthwise
from sparsetopo.graphs.planning.blocks import BlockBuilder
from sparsetopo.graphs.planning.boxes import MOST_BOXES, Box, TooManyBoxesError, boxes
from sparsetopo.graphs.planning.grids import Grids, Terms
from sparsetopo.graphs.planning.layers import Layers, Leaf, whole_target
from sparsetopo.graphs.planning.layout import as_layer, input_layout, positions_layout
from sparsetopo.graphs.planning.readings import Frame, Reading
from sparsetopo.graphs.planning.recording import (
    CONSTANT,
    Convolution,
    Elements,
    Ids,
    Input,
    Matrix,
    Recording,
    Run,
    Site,
    Union,
    Window,
    as_array,
)
from sparsetopo.graphs.planning.terms import joined, read


class _Resolver:
    """One pass over the recording."""

    def __init__(self, recording: Recording, identity_shortcuts: bool) -> None:
        self.recording = recording
        self.identity_shortcuts = identity_shortcuts
        self.live = recording.live()
        self.united = united_additions(recording, self.live)
        self.grids = Grids()
        self.layers = Layers(recording, self.united, self.grids)
        self.terms: dict[int, Terms] = {}
        self.readings: list[Reading] = []
        self.inputs: list[tuple[Site, Leaf, Ids | None]] = []

    def plan(self) -> Plan:
        """Resolve all sites and build the plan."""
        last_reader = self._last_readers()
        for site in self.recording.sites:
            # A site that no output depends on may lie in a tensor of which they need another part.
            unneeded: Terms = [np.broadcast_to(np.int64(CONSTANT), site.shape)]
            self.terms[site.number] = self._terms(site) if self.live[site.number] else unneeded
            for number in last_reader.get(site.number, []):
                del self.terms[number]
        if not self.readings:
            raise EncodingError(
                "The model's output depends on no convolution and no linear layer, so there is no graph to build."
            )
        ordered = sorted(self.layers.leaves, key=lambda leaf: leaf.position)
        index = {leaf.number: number for number, leaf in enumerate(ordered)}
        # Inputs whose channels come last, such as embeddings, are no maps with a frame.
        maps = {leaf.number for _, leaf, order in self.inputs if order is None}
        frame = Frame.of(self.readings, maps)
        builder = BlockBuilder(index, frame)
        by_target = sorted(
            range(len(self.readings)),
            key=lambda n: (index[self.readings[n].target.leaf.number], self.readings[n].order, n),
        )
        for number in by_target:
            builder.add(self.readings[number])
        if not builder.blocks:
            raise EncodingError(
                "The model's output depends on no convolution and no linear layer that depends on its input, so there "
                "is no graph to build."
            )
        return Plan(
            input_shape=self.recording.input_shape,
            identity_shortcuts=self.identity_shortcuts,
            node_layers=tuple(_node_layer(leaf, frame) for leaf in ordered),
            axes=tuple(builder.axes),
            channel_maps=tuple(builder.channel_maps),
            blocks=tuple(builder.blocks),
            parameters=builder.parameters,
            outputs=self._outputs(index),
            inputs=len(self.inputs),
            kinds=self._kinds(builder.parameters),
        )

    def _kinds(self, parameters: Iterable[str]) -> dict[str, tuple[int, bool]]:
        """Groups, and whether it is transposed, of those parameters where a convolution has such."""
        kinds = [site.kind for site in self.recording.live_sites()]
        return {
            kind.weight.parameter: (kind.groups, kind.transposed)
            for kind in kinds
            if isinstance(kind, Convolution) and (kind.transposed or kind.groups > 1)
            if kind.weight.parameter in parameters
        }

    def _last_readers(self) -> dict[int, list[int]]:
        """For each site the sites that nothing later reads; outputs read at the end."""
        last: dict[int, int] = {}
        for site in self.recording.sites:
            if self.live[site.number]:
                for operand in site.operands:
                    for number in self.recording.sites_in(operand):
                        last[number] = site.number
        for output in self.recording.outputs:
            for number in self.recording.sites_in(output):
                last.pop(number, None)
        found: dict[int, list[int]] = {}
        for number, reader in last.items():
            found.setdefault(reader, []).append(number)
        return found

    def _read(self, elements: Elements) -> Terms:
        return read(self.recording, self.terms, elements)

    def _terms(self, site: Site) -> Terms:
        match site.kind:
            case Input():
                return self._input(site)
            case Matrix() | Convolution():
                return self._weighted(site)
            case Window(axis, windows):
                try:
                    pooled = self.grids.windowed(self._read(site.operands[0]), axis, windows)
                    # A window may make one term cover another: half of a head's channels, and all of them.
                    return joined(self.grids, [[term] for term in pooled])
                except ValueError as error:
                    raise site.origin.fail(f"it reads {error} of a map.") from error
            case Union():
                united = self.united.get(site.number)
                if united is not None:
                    return self._united(site, united)
                return joined(self.grids, [self._read(operand) for operand in site.operands])
        raise AssertionError(site.kind)

    def _input(self, site: Site) -> Terms:
        order = input_layout(self.recording, site)
        shape = site.shape[1:] if order is None else order.shape
        channels, height, width = as_layer(shape)
        leaf = self.layers.new(channels, height, width, -1, "input")
        self.inputs.append((site, leaf, order))
        if order is None:
            return [Run(leaf.grid.start, site.shape)]
        numbers = np.empty(site.size, dtype=np.int64)
        numbers[order.ravel()] = leaf.grid.start + np.arange(site.size)
        return [numbers.reshape(site.shape)]

    def _weighted(self, site: Site) -> Terms:
        terms = self._read(site.operands[0])
        depthwise = as_depthwise(self.grids, site, terms)
        if depthwise is not site:
            site, terms = depthwise, self._read(depthwise.operands[0])
        name = site.origin.module or site.origin.operator
        if isinstance(site.kind, Matrix):
            positions, outputs = site.shape
            order, height, width = positions_layout(self.grids, terms, positions)
            arranged = [_rearranged(term, order, height, width) for term in terms]
            places = np.arange(site.size, dtype=np.int64).reshape(site.shape)
            places = places if order is None else places[order]
            places = places.T.reshape(outputs, height, width)
        else:
            arranged = [_folded(term) for term in terms]
            outputs, width = site.shape[1], site.shape[-1]
            places = np.arange(site.size, dtype=np.int64).reshape(site.shape)
            places = places.swapaxes(0, 1).reshape(outputs, -1, width)
        found = self._boxes(site, arranged, taps=len(site.shape) == 2)
        targets, numbers = self.layers.targets(site, places, name)
        self.readings += [
            Reading(site, box, target, site.number) for box in found for target in targets
        ]
        if len(targets) == 1 and isinstance(site.kind, Convolution) and len(site.shape) > 2:
            run = Run(targets[0].leaf.grid.start, site.shape)
            if (
                site.shape[0] == 1
                and run.size == targets[0].leaf.size
                and targets[0].leaf.units is None
            ):
                return [run]
        return [numbers]

    def _boxes(self, site: Site, terms: Terms, *, taps: bool) -> list[Box]:
        found: list[Box] = []
        try:
            for term in terms:
                found += boxes(self.grids, term, taps=taps)
                if len(found) > MOST_BOXES:
                    raise TooManyBoxesError
        except TooManyBoxesError:
            raise site.origin.fail(
                f"it reads more than {MOST_BOXES:,} parts in which channels, rows and columns are independent, too "
                "many for the graph to list them (weights across positions that all channels share, as in an "
                "MLP-mixer, or all that many steps of a recurrent layer depend on, for example)."
            ) from None
        return found

    def _united(self, site: Site, united: United) -> Terms:
        leaf, units = self.layers.of_sum(site)
        if self.identity_shortcuts:
            self._add_shortcuts(site, united, leaf, units)
        natural = units.size == leaf.size and np.array_equal(units.ravel(), np.arange(leaf.size))
        own = Run(leaf.grid.start, site.shape) if natural else leaf.grid.start + units
        beside = [self._read(operand) for operand in united.beside]
        return joined(self.grids, [[own], *beside])

    def _add_shortcuts(self, site: Site, united: United, leaf: Leaf, units: Ids) -> None:
        places = np.empty(leaf.size, dtype=np.int64)
        places[units.ravel()] = np.arange(site.size)
        target = whole_target(leaf)
        for operand in united.shortcuts:
            leaf.position = max(leaf.position, site.number)
            for term in self._read(operand):
                arranged = as_array(term).ravel()[places].reshape(leaf.grid.shape)
                self.readings += [
                    Reading(None, box, target, self.recording.size + site.number)
                    for box in self._boxes(site, [arranged], taps=False)
                ]

    def _outputs(self, index: dict[int, int]) -> tuple[int, ...]:
        found = {
            index[grid.leaf]
            for output in self.recording.outputs
            for term in self._read(output)
            for grid in self.grids.in_term(term)
        }
        return tuple(sorted(found))


def _rearranged(term: Run | Ids, order: Ids | None, height: int, width: int) -> Run | Ids:
    """(positions, inputs) elements as (inputs, rows, columns)."""
    positions, inputs = term.shape
    if positions == 1 and isinstance(term, Run):
        return Run(term.start, (inputs, 1, 1))
    array = as_array(term)
    array = array if order is None else array[order]
    return np.ascontiguousarray(array.T).reshape(inputs, height, width)


def _folded(term: Run | Ids) -> Run | Ids:
    """(images, channels, *positions) elements as (channels, rows, columns)."""
    images, channels, *sizes = term.shape
    if images == 1 and isinstance(term, Run):
        rows = term.size // (channels * sizes[-1])
        return Run(term.start, (channels, rows, sizes[-1]))
    return as_array(term).swapaxes(0, 1).reshape(channels, -1, sizes[-1])


def _node_layer(leaf: Leaf, frame: Frame) -> NodeLayer:
    height, width = leaf.height, leaf.width
    if leaf.number in frame.leaves:
        height, width = frame.enlarged()
    return NodeLayer(" + ".join(leaf.names), leaf.channels, height, width)


def resolve(recording: Recording, identity_shortcuts: bool = False) -> Plan:
    """Turn a recorded run into a plan; `identity_shortcuts` and EncodingError as in `trace`."""
    return _Resolver(recording, identity_shortcuts).plan()
