"""Symbolic values: which nodes each element of a tensor depends on, as short lists instead of sets.

A value is a sequence of *segments* along the channels. A segment is the union of *terms*, each of which reads
consecutive channels of one producer (a convolution, a linear layer or the input) through one window list per axis.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from sparsetopo.graphs.planning import windows
from sparsetopo.graphs.planning.windows import Windows


@dataclass(frozen=True)
class Term:
    """Element (c, y, x) depends on the nodes (channel + c, r, q) with r in rows[y] and q in columns[x]."""

    producer: int
    channel: int
    rows: Windows
    columns: Windows


@dataclass(frozen=True)
class Segment:
    """Channels of height x width elements; without terms they are constant."""

    channels: int
    height: int
    width: int
    terms: tuple[Term, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.channels * self.height * self.width

    def part(self, start: int, stop: int) -> "Segment":
        """Channels start..stop of the segment."""
        terms = tuple(replace(term, channel=term.channel + start) for term in self.terms)
        return replace(self, channels=stop - start, terms=terms)


Value = tuple[Segment, ...]


def node_value(producer: int, channels: int, height: int, width: int) -> Value:
    """The value whose elements are the nodes of a producer."""
    term = Term(producer, 0, windows.identity(height), windows.identity(width))
    return (Segment(channels, height, width, (term,)),)


def through_windows(value: Value, rows: Windows, columns: Windows) -> Value:
    """Pool, pad, crop or resize every segment."""
    return tuple(
        Segment(
            segment.channels,
            len(rows),
            len(columns),
            _unique(
                replace(
                    term,
                    rows=windows.compose(rows, term.rows),
                    columns=windows.compose(columns, term.columns),
                )
                for term in segment.terms
            ),
        )
        for segment in value
    )


def select_channels(
    value: Value, pieces: Sequence[tuple[int, int] | int], flat: bool = False
) -> Value:
    """Select channel ranges (start, stop) of a value, in the given order; an integer is a number of constants.

    The ranges of a `flat` value count elements; one that starts or ends within a channel is a ValueError.
    """
    selected: list[Segment] = []
    for piece in pieces:
        if isinstance(piece, int):
            height, width = (1, 1) if flat else (value[0].height, value[0].width)
            selected.append(Segment(piece, height, width, ()))
            continue
        start = 0
        for segment in value:
            area = segment.height * segment.width if flat else 1
            length = segment.channels * area
            low, high = max(piece[0] - start, 0), min(piece[1] - start, length)
            if low < high:
                if low % area or high % area:
                    raise ValueError(
                        f"elements {piece[0]} to {piece[1]}, channels of {area} elements"
                    )
                selected.append(segment.part(low // area, high // area))
            start += length
    return joined(selected)


def joined(segments: Sequence[Segment]) -> Value:
    """Concatenate segments, merging neighbours that read consecutive channels in the same way."""
    united: list[Segment] = []
    for segment in segments:
        if united and _continues(united[-1], segment):
            united[-1] = replace(united[-1], channels=united[-1].channels + segment.channels)
        else:
            united.append(segment)
    return tuple(united)


def union(values: Sequence[Value]) -> Value:
    """Sum of values of equal shape: each element depends on all that its operands depend on.

    ValueError if two operands are maps of different sizes that were flattened.
    """
    cuts = sorted({cut for value in values for cut in _boundaries(value)})
    segments: list[Segment] = []
    for start, stop in pairwise(cuts):
        parts = [select_channels(value, [(start, stop)])[0] for value in values]
        sizes = {(part.height, part.width) for part in parts}
        if len(sizes) > 1 or len({_boundaries(value)[-1] for value in values}) > 1:
            raise ValueError(" and ".join(f"{height}x{width}" for height, width in sorted(sizes)))
        terms = _unique(term for part in parts for term in part.terms)
        segments.append(replace(parts[0], terms=terms))
    return joined(segments)


def _boundaries(value: Value) -> list[int]:
    return list(accumulate((segment.channels for segment in value), initial=0))


def _continues(first: Segment, second: Segment) -> bool:
    if (first.height, first.width) != (second.height, second.width):
        return False
    return first.part(first.channels, first.channels + second.channels).terms == second.terms


def _unique(terms: Iterable[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))
