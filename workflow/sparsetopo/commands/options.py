"""What every command that reads networks takes, besides their names: one list of words for functions and command line.

Nothing heavy is imported here.
"""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict

File = str | PathLike[str]

Masks = File | Mapping[str, Any]
"""Where masks are: in a file, or already here as {parameter name: mask}."""


class NetworkOptions(TypedDict, total=False):
    """How the networks of a command are built and read.

    Keys
    ----
    input_shape
        Shape of one sample, without the batch: (3, 224, 224). None: what the network's package says, if it does.
    integers
        Whether the sample is whole numbers, such as token ids: (128,) is then a sequence of 128 tokens.
    classes
        Number of outputs. None: what the network's package says, if it does.
    options
        Options of the network, by keyword.
    weights
        File or files of weights (`sparsetopo.commands.weight_files.read_weights`). Several make one row each. None:
        the network's code draws them, from `seed`. Pretrained weights are never downloaded.
    mask
        File or files of masks (`sparsetopo.commands.mask_files.read_masks`), or masks that are here, such as
        `sparsetopo.prune` gives: {parameter name: bool array}. Several make one row each; with as many files of
        weights, they go together in pairs. None: the masks in the file of weights, or the non-zero weights.
    seed
        Of the weights that are drawn.
    attention, identity_shortcuts
        As in `sparsetopo.encode`.
    """

    input_shape: Sequence[int] | None
    integers: bool
    classes: int | None
    options: Mapping[str, Any] | None
    weights: File | Sequence[File] | None
    mask: Masks | Sequence[Masks] | None
    seed: int
    attention: Literal["all", "values"]
    identity_shortcuts: bool


def files(given: File | Sequence[File] | None) -> list[File]:
    """One file or several, as a list.

    Examples
    --------
    >>> files(None), files("a.pt"), files(["a.pt", "b.pt"])
    ([], ['a.pt'], ['a.pt', 'b.pt'])
    """
    if given is None:
        return []
    return [given] if isinstance(given, str | PathLike) else list(given)


def sources(given: Masks | Sequence[Masks] | None) -> list[Masks]:
    """One source of masks or several, as a list.

    Examples
    --------
    >>> sources({"fc.weight": [[True]]}), sources(["a.pt", {"fc.weight": [[True]]}])
    ([{'fc.weight': [[True]]}], ['a.pt', {'fc.weight': [[True]]}])
    """
    if given is None:
        return []
    return [given] if isinstance(given, str | PathLike | Mapping) else list(given)
