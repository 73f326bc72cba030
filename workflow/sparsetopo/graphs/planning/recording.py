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
        """For each site, whether an output of the model depends on it."""
        needed = [False] * len(self.sites)
        for output in self.outputs:
            for number in self.sites_in(output):
                needed[number] = True
        for site in reversed(self.sites):
            if needed[site.number]:
                for operand in (*site.operands, *site.unread):
                    for number in self.sites_in(operand):
                        needed[number] = True
        return needed

    def live_sites(self) -> Iterator[Site]:
        """The sites that an output depends on, in order."""
        return (site for site, live in zip(self.sites, self.live(), strict=True) if live)
