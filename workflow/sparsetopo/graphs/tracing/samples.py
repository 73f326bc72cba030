"""Whether a model treats the samples of a batch separately; if not, there is no graph of one sample."""

from collections.abc import Iterable
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.planning.recording import (
    Convolution,
    Elements,
    Input,
    Matrix,
    Recording,
    Run,
    Site,
    Window,
    as_array,
    without_repetitions,
)
from sparsetopo.graphs.tracing.run import recorded_run

# Bits of the samples that an element depends on.
_FIRST, _SECOND = 1, 2

Bits = NDArray[np.uint8]


def require_separate_samples(
    model: nn.Module, input_shape: Iterable[int] | None, attention: str
) -> None:
    """Run the model on two samples; EncodingError if an element depends on both."""
    try:
        recording = recorded_run(model, input_shape, attention, None, {}, samples=2).recording
    except EncodingError:
        return  # it takes one sample at a time
    bits: dict[int, Bits] = {}
    for site in recording.live_sites():
        bits[site.number] = _bits(recording, bits, site)
        if (bits[site.number] == _FIRST | _SECOND).any():
            raise site.origin.fail(
                "it mixes samples of the batch, so there is no graph of one sample."
            )


def _bits(recording: Recording, bits: dict[int, Bits], site: Site) -> Bits:
    operands = [_of(recording, bits, operand) for operand in site.operands]
    if isinstance(site.kind, Input):
        shape = site.shape[1:] if site.shape[0] == 1 else site.shape
        made = np.zeros(shape, dtype=np.uint8)
        # Token ids and their embeddings have no samples to tell.
        if shape[:1] == (2,) and not site.kind.channels_last:
            made[0], made[1] = _FIRST, _SECOND
        return made.ravel()
    operand = operands[0]
    if isinstance(site.kind, Matrix):
        made = np.bitwise_or.reduce(operand, axis=1)[:, None]
    elif isinstance(site.kind, Convolution):
        whole = np.bitwise_or.reduce(operand.reshape(len(operand), -1), axis=1)
        made = whole.reshape(-1, *(1,) * (len(site.shape) - 1))
    elif isinstance(site.kind, Window):
        moved = np.moveaxis(operand, site.kind.axis, 0)
        reduced = np.zeros((len(site.kind.windows), *moved.shape[1:]), dtype=np.uint8)
        whole = np.bitwise_or.reduce(moved, axis=0)
        if not (whole == _FIRST | _SECOND).any():
            reduced[:] = whole
        else:
            for place, window in enumerate(site.kind.windows):
                reduced[place] = np.bitwise_or.reduce(moved[list(window)], axis=0)
        made = np.moveaxis(reduced, 0, site.kind.axis)
    else:
        made = reduce(np.bitwise_or, operands)
    return np.broadcast_to(made, site.shape).ravel()


def _of(recording: Recording, bits: dict[int, Bits], elements: Elements) -> Bits:
    numbers = recording.sites_in(elements)
    if isinstance(elements, Run) and len(numbers) == 1:
        start = elements.start - recording.sites[numbers[0]].start
        return bits[numbers[0]][start : start + elements.size].reshape(elements.shape)
    whole = as_array(elements)
    ids = without_repetitions(whole)
    made = np.zeros(ids.shape, dtype=np.uint8)
    for number in numbers:
        if number not in bits:
            continue  # no output depends on that site, only on other parts of the tensor
        site = recording.sites[number]
        mask = (ids >= site.start) & (ids < site.start + site.size)
        made[mask] = bits[number][ids[mask] - site.start]
    return np.broadcast_to(made, whole.shape)
