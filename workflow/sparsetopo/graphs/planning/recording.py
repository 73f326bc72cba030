"""What a run of a model left behind: sites in order of execution, and which units each of them reads. Torch-free.

A *site* is a tensor whose elements are new: the input, the result of an operation with weights, or the result of one
that makes an element from several others (pooling, a product, a sum). Its elements have consecutive numbers, *ids*.
Operations that only move elements, or change each by itself, make no site: their results hold the ids of what they
were given. So every tensor of the run is an array of ids.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.planning.windows import Windows

# In place of an id: an element that depends on no unit.
CONSTANT = -1
ZERO = -2  # a constant that is certainly 0: a product with it depends on nothing
HIDDEN = -3  # a constant that a softmax turns to 0: minus infinity, or as good as

Ids = NDArray[np.int64]
Padding = tuple[tuple[int, int], ...]  # (before, after) of each spatial axis


class Run(NamedTuple):
    """Consecutive ids, in the order of the elements of a tensor of some shape."""

    start: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    def array(self) -> Ids:
        """The ids as an array."""
        return np.arange(self.start, self.start + self.size, dtype=np.int64).reshape(self.shape)


Elements = Run | Ids


def as_array(elements: Elements) -> Ids:
    """The ids of a tensor as an array of its shape."""
    return elements.array() if isinstance(elements, Run) else elements


def without_repetitions(array: NDArray[Any]) -> NDArray[Any]:
    """An array whose repeated axes (of stride 0, as broadcasting makes them) have length 1."""
    return array[tuple(slice(0, 1) if step == 0 else slice(None) for step in array.strides)]


@dataclass(frozen=True)
class Origin:
    """Where in the model an operation was called, for messages and names."""

    module: str
    module_type: str
    operator: str

    def __str__(self) -> str:
        path = f"module '{self.module}'" if self.module else "the model itself"
        return f"{path} ({self.module_type}) calling {self.operator}"

    def fail(self, reason: str) -> EncodingError:
        """Error that names the place in the model."""
        return EncodingError(f"{self}: {reason}")


@dataclass(frozen=True)
class Weight:
    """A weight tensor as an operation receives it: a strided view of a parameter.

    Element (i, j, ...) of `shape` is element ``offset + i * strides[0] + j * strides[1] + ...`` of the flattened
    parameter, whose own shape is `parameter_shape`.
    """

    parameter: str
    parameter_shape: tuple[int, ...]
    shape: tuple[int, ...]
    offset: int
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Input:
    """What the model is given, (1, ...) elements; or the output of an embedding of it, channels last."""

    channels_last: bool = False


@dataclass(frozen=True)
class Matrix:
    """Product of (positions, inputs) elements with an (outputs, inputs) weight: (positions, outputs)."""

    weight: Weight


@dataclass(frozen=True)
class Convolution:
    """A convolution of (images, channels, *positions) elements.

    The weight is (outputs, inputs / groups, *kernel); transposed: (inputs, outputs / groups, *kernel). The settings
    have one entry for each spatial axis.
    """

    weight: Weight
    transposed: bool
    groups: int
    stride: tuple[int, ...]
    padding: Padding
    dilation: tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """Each element reads a window of the operand: position p along `axis` reads positions windows[p] of it."""

    axis: int
    windows: Windows


@dataclass(frozen=True)
class Union:
    """Each element reads the elements of all operands at its place; `is_sum` if the operands are added."""

    is_sum: bool


Kind = Input | Matrix | Convolution | Window | Union


@dataclass(frozen=True)
class Site:
    """New elements of the given shape, with the ids `start`, `start` + 1, ..., and what they are made from.

    The elements of `unread` are not read, but belong to the network as if they were.
    """

    number: int
    start: int
    shape: tuple[int, ...]
    kind: Kind
    operands: tuple[Elements, ...]
    origin: Origin
    unread: tuple[Elements, ...] = ()

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def run(self) -> Run:
        """The ids of its elements."""
        return Run(self.start, self.shape)

    @property
    def is_weighted(self) -> bool:
        """Whether weights made it."""
        return isinstance(self.kind, Matrix | Convolution)


# Which elements of a site are wanted: none, all, or those marked.
Wanted = bool | NDArray[np.bool_]


@dataclass
class Recording:
    """Sites in order of execution; `outputs` are the tensors that the model returned."""

    input_shape: tuple[int, ...]
    sites: list[Site] = field(default_factory=list)
    outputs: list[Elements] = field(default_factory=list)
    _sites_in: dict[int, tuple[Elements, list[int]]] = field(default_factory=dict, repr=False)
    _starts: Ids = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)

    @property
    def size(self) -> int:
        """Number of ids that were given out."""
        return self.sites[-1].start + self.sites[-1].size if self.sites else 0

    def append(
        self,
        kind: Kind,
        operands: tuple[Elements, ...],
        shape: tuple[int, ...],
        origin: Origin,
        unread: tuple[Elements, ...] = (),
    ) -> Site:
        """Record new elements."""
        site = Site(len(self.sites), self.size, shape, kind, operands, origin, unread)
        self.sites.append(site)
        return site

    def sites_in(self, elements: Elements) -> list[int]:
        """Numbers of the sites whose elements occur, ascending."""
        known = self._sites_in.get(id(elements))
        if known is None:
            # The elements are kept, so that no others get their identity.
            known = elements, self._found_in(elements)
            self._sites_in[id(elements)] = known
        return known[1]

    def _found_in(self, elements: Elements) -> list[int]:
        if len(self._starts) != len(self.sites):
            self._starts = np.array([site.start for site in self.sites], dtype=np.int64)
        if isinstance(elements, Run):
            if not elements.size:
                return []
            ends = [elements.start, elements.start + elements.size - 1]
            first, last = np.searchsorted(self._starts, ends, "right").tolist()
            return list(range(first - 1, last))
        ids = without_repetitions(elements)
        if not ids.size:
            return []
        first, last = np.searchsorted(self._starts, [ids.min(), ids.max()], "right").tolist()
        if last - first <= 0:
            return [last - 1] if last else []
        counts = np.bincount(np.searchsorted(self._starts, ids.ravel(), "right"))
        return [int(number) for number in np.flatnonzero(counts[1:])]

    def live(self) -> list[bool]:
        """For each site, whether an output of the model depends on it.

        An output depends on a whole result of weights or on none of it. Of what is made from several elements without
        weights (pooled, multiplied) it depends on those that it reads: a slice of a pooled map does not need what only
        the rest of the map was pooled from.
        """
        wanted: list[Wanted] = [False] * len(self.sites)
        for output in self.outputs:
            self._want(wanted, output)
        for site in reversed(self.sites):
            marks = wanted[site.number]
            if marks is False:
                continue
            for operand in site.operands:
                self._want(wanted, operand if marks is True else _read_for(site, operand, marks))
            for operand in site.unread:
                self._want(wanted, operand)
        return [marks is not False for marks in wanted]

    def _want(self, wanted: list[Wanted], elements: Elements) -> None:
        """Mark elements as wanted."""
        for number in self.sites_in(elements):
            site, marks = self.sites[number], wanted[number]
            if marks is True:
                continue
            if self._is_whole(site):
                wanted[number] = True
                continue
            marks = np.zeros(site.size, dtype=bool) if marks is False else marks
            ids = without_repetitions(as_array(elements)).ravel() - site.start
            marks[ids[(ids >= 0) & (ids < site.size)]] = True
            wanted[number] = True if marks.all() else marks

    def _is_whole(self, site: Site) -> bool:
        """Whether a site is wanted as a whole: what weights made, and a sum that may unite such into a node layer."""
        if isinstance(site.kind, Window):
            return False
        if not isinstance(site.kind, Union):
            return True
        made = [self.sites_in(operand) for operand in site.operands]
        single = [self.sites[numbers[0]] for numbers in made if len(numbers) == 1]
        return site.kind.is_sum and any(
            one.is_weighted or (isinstance(one.kind, Union) and one.kind.is_sum) for one in single
        )

    def live_sites(self) -> Iterator[Site]:
        """The sites that an output depends on, in order."""
        return (site for site, live in zip(self.sites, self.live(), strict=True) if live)


def _read_for(site: Site, operand: Elements, marks: NDArray[np.bool_]) -> Elements:
    """The elements of an operand that the marked elements of a site are made from."""
    array, wanted = as_array(operand), marks.reshape(site.shape)
    if isinstance(site.kind, Union):
        return np.broadcast_to(array, site.shape)[wanted]
    assert isinstance(site.kind, Window)
    read = np.zeros(array.shape, dtype=bool)
    along, by_position = read.swapaxes(site.kind.axis, 0), wanted.swapaxes(site.kind.axis, 0)
    for position, window in enumerate(site.kind.windows):
        along[list(window)] |= by_position[position]
    return array[read]
