"""Pruning algorithms by the words of a command: checked before anything is built, then run on a network."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparsetopo.architectures.usual_inputs import usual_classes
from sparsetopo.commands.image_data import ImageData
from sparsetopo.commands.networks import LoadedNetwork, integer_example
from sparsetopo.commands.options import NetworkOptions
from sparsetopo.errors import SparsetopoError, UsageError, unknown_name
from sparsetopo.pruning import run
from sparsetopo.pruning.mask import Mask
from sparsetopo.pruning.registry import ALGORITHMS, COMMON_OPTIONS, is_single_shot, needs
from sparsetopo.pruning.selection import checked_sparsity
from sparsetopo.registry import look_up

logger = logging.getLogger(__name__)

SHUFFLE = "shuffle"


@dataclass(frozen=True)
class Algorithm:
    """A pruning algorithm with its options; `shuffle` is that of `sparsetopo.prune`."""

    name: str
    options: Mapping[str, Any]
    shuffle: str = "none"

    def masks(
        self,
        network: LoadedNetwork,
        sparsities: Sequence[str],
        data: ImageData | None,
        seed: int,
        *,
        integers: bool = False,
    ) -> list[Mask]:
        """A mask for each sparsity: from one scoring where the algorithm scores once, else one run each.

        `integers` says that a sample is whole numbers, where there are no data to see it by.
        """
        how: dict[str, Any] = {"seed": seed, **self.options}
        if data is not None:
            how["data"] = data.images
        elif integers:
            how["example"] = integer_example(network.input_shape)
        else:
            how["input_shape"] = network.input_shape
        try:
            if is_single_shot(self.name):
                scores = run.score(network.module, self.name, **how)
                return [scores.mask(sparsity, shuffle=self.shuffle) for sparsity in sparsities]
            return [
                run.prune(network.module, self.name, sparsity, shuffle=self.shuffle, **how)
                for sparsity in sparsities
            ]
        except SparsetopoError as error:
            raise type(error)(f"{network.network}: {error}") from error


def read_algorithm(name: str, options: Mapping[str, Any] | None = None) -> Algorithm:
    """An algorithm and its options, of which values given as text are converted.

    Raises
    ------
    UnknownNameError
        If there is no such algorithm.
    UsageError
        If it has no such option, or a value is not allowed.

    Examples
    --------
    >>> read_algorithm("snip", {"batch_size": "64"})
    Algorithm(name='snip', options={'batch_size': 64}, shuffle='none')
    """
    entry = look_up(ALGORITHMS, name, "pruning algorithm")
    given = entry.read_options(options or {})
    shuffle = given.pop(SHUFFLE, "none")
    allowed = COMMON_OPTIONS[SHUFFLE]["enum"]
    if shuffle not in allowed:
        raise UsageError(f"{name}: shuffle is {shuffle!r}, but must be {' or '.join(allowed)}.")
    for option in given:
        if option not in entry.options:
            raise UsageError(unknown_name(f"option of {name}", option, [*entry.options, SHUFFLE]))
    for option, fault in entry.option_problems(given):
        raise UsageError(f"{name}: {option}: {fault}.")
    return Algorithm(name, given, shuffle)


def read_sparsities(given: "float | str | Iterable[float | str]") -> list[str]:
    """Sparsities as they are written, each in (0, 1) and none twice.

    Examples
    --------
    >>> read_sparsities(["0.90", 0.95])
    ['0.90', '0.95']
    """
    several = [given] if isinstance(given, str | float | int) else list(given)
    if not several:
        raise UsageError("no sparsity was given; give one at least: --sparsity 0.9 (sparsity=0.9).")
    try:
        values = [checked_sparsity(sparsity) for sparsity in several]
    except SparsetopoError as error:
        raise UsageError(str(error)) from error
    for place, value in enumerate(values):
        if value in values[:place]:
            raise UsageError(f"the sparsity {several[place]} is given more than once.")
    return [s if isinstance(s, str) else repr(float(s)) for s in several]


def require_data(algorithms: Iterable[Algorithm], data: Any) -> None:
    """UsageError if an algorithm scores on images and there are none."""
    hungry = [algorithm.name for algorithm in algorithms if needs(algorithm.name) == "data"]
    if hungry and data is None:
        verb = "needs" if len(hungry) == 1 else "need"
        raise UsageError(
            f"{', '.join(hungry)} {verb} training images: --data digits, or a file of images and labels (data=...)."
        )


def fitted_to_data(model: Any, data: ImageData | None, how: NetworkOptions) -> NetworkOptions:
    """The options of a network with input shape and classes from the data where the caller does not say them.

    Raises
    ------
    UsageError
        If the caller says another shape than that of the images, or fewer classes than the labels have.
    """
    if data is None:
        return how
    shape, classes = how.get("input_shape"), how.get("classes")
    if shape is not None and tuple(shape) != data.input_shape:
        raise UsageError(
            f"the input shape is {tuple(shape)}, but {data.name} has images of {data.input_shape}; leave it out, or "
            "give data of that shape."
        )
    largest = int(data.images.labels.max())
    if classes is not None and classes <= largest:
        raise UsageError(
            f"{data.name} has the label {largest}, so it has more classes than {classes}; leave them out, or say how "
            "many there are."
        )
    fitted: NetworkOptions = {**how, "input_shape": data.input_shape}
    if classes is None and isinstance(model, str) and usual_classes(model) is None:
        fitted["classes"] = data.classes
        logger.info("%s: %d classes, of %s", model, data.classes, data.name)
    return fitted
