"""Which parameter a mask belongs to: the names that people give masks, and those of the network. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import MaskError, unknown_name
from sparsetopo.networks.masks import bool_mask

if TYPE_CHECKING:
    from torch import nn

# What wrappers put before names, and torch.nn.utils.prune and parametrizations after them.
_WRAPPERS = ("module", "_orig_mod")
_SUFFIXES = ("_orig", "_mask")

# Most names that a message lists.
_LISTED = 8


def parameter_masks(
    masks: Any, model: nn.Module, known: Iterable[str] = ()
) -> dict[str, NDArray[np.bool_]]:
    """Masks as bool arrays, by the names of the network's parameters.

    Parameters
    ----------
    masks
        {name: mask}, each name as for `parameter_name`, each mask as for `bool_mask`.
    model
        The network.
    known
        Names that shall be used for parameters which have several, e.g. those of a plan.

    Raises
    ------
    MaskError
        If it is no mapping, a name is unknown or ambiguous, a mask is malformed, or a parameter has two masks that
        differ.

    Examples
    --------
    >>> import torch
    >>> wrapped = torch.nn.DataParallel(torch.nn.Linear(2, 1))
    >>> parameter_masks({"weight": [[1, 0]]}, wrapped)
    {'module.weight': array([[ True, False]])}
    """
    if not isinstance(masks, Mapping):
        raise MaskError(
            f"masks is a {type(masks).__name__}, but must be a mapping {{parameter name: bool array}}."
        )
    names = _Names(model, known)
    found: dict[str, NDArray[np.bool_]] = {}
    given_as: dict[str, str] = {}
    for given, value in masks.items():
        name = names.of(given)
        array = bool_mask(given, value)
        if name in found and not np.array_equal(found[name], array):
            raise MaskError(
                f"the masks '{given_as[name]}' and '{given}' belong to the same parameter '{name}', but differ."
            )
        found[name], given_as[name] = array, given
    return found


def parameter_name(given: str, model: nn.Module, known: Iterable[str] = ()) -> str:
    """Name of the parameter, as in ``model.named_parameters()``, that a mask's name means.

    Accepted are all names of a parameter that several modules share; the name before or after `torch.nn.utils.prune`
    ("conv.weight", "conv.weight_orig", "conv.weight_mask") or a parametrization; and names with or without the
    "module." of DataParallel and the "_orig_mod." of torch.compile. A name that is exactly right comes first.

    Parameters
    ----------
    given, model
        The mask's name, and the network.
    known
        Names to prefer to those of ``named_parameters``, where both mean the same parameter.

    Raises
    ------
    MaskError
        If no parameter, or more than one, may be meant.

    Examples
    --------
    >>> import torch
    >>> parameter_name("module.0.weight", torch.nn.Sequential(torch.nn.Linear(2, 1)))
    '0.weight'
    """
    return _Names(model, known).of(given)


class _Names:
    """The names of a network's parameters, exact and reduced to what wrappers and pruning leave unchanged."""

    def __init__(self, model: nn.Module, known: Iterable[str]) -> None:
        self._known = list(known)
        first = {id(parameter): name for name, parameter in model.named_parameters()}
        every = model.named_parameters(remove_duplicate=False)
        self._exact = {name: first[id(parameter)] for name, parameter in every}
        self._buffers = {name for name, _ in model.named_buffers(remove_duplicate=False)}
        self._reduced: dict[str, set[str]] = {}
        for name, parameter in self._exact.items():
            self._reduced.setdefault(_reduced(name), set()).add(parameter)
        # A known name stands for the parameter that it is or reduces to, if there is one; else for itself.
        self._preferred: dict[str, str] = {}
        for name in self._known:
            reduced = self._reduced.get(_reduced(name), set())
            same = {self._exact[name]} if name in self._exact else reduced
            parameter = next(iter(same)) if len(same) == 1 else name
            self._preferred.setdefault(parameter, name)
            self._exact[name] = parameter
            if len(same) != 1:
                self._reduced[_reduced(name)] = {name}

    def of(self, given: Any) -> str:
        """Name of the parameter that is meant."""
        if not isinstance(given, str):
            raise MaskError(f"masks are named after parameters, by strings, got {given!r}.")
        if given in self._exact:
            return self._preferred.get(self._exact[given], self._exact[given])
        candidates = self._reduced.get(_reduced(given), set())
        if len(candidates) > 1:
            raise MaskError(
                f"the mask '{given}' may belong to {' or '.join(sorted(candidates))}: name one of them."
            )
        if candidates:
            (name,) = candidates
            return self._preferred.get(name, name)
        raise MaskError(self._refusal(given))

    def _refusal(self, given: str) -> str:
        if given in self._buffers:
            return f"the masks name '{given}', which is a buffer of the network; only parameters have masks."
        if f"{given}.weight" in self._exact:
            return f"the masks name module '{given}'; name its parameter, '{given}.weight'."
        known = list(dict.fromkeys(self._known or self._exact.values()))
        if len(known) > _LISTED:
            close = get_close_matches(given, known)
            known = [*list(dict.fromkeys([*close, *known]))[:_LISTED], "..."]
        return f"the masks name an {unknown_name('parameter', given, known)}"


def _reduced(name: str) -> str:
    """Reduce a name to what wrapping, pruning and parametrizing leave unchanged."""
    path = [part for part in name.split(".") if part not in _WRAPPERS]
    last = path.pop() if path else ""
    if last.startswith("original") and len(path) >= 2 and path[-2] == "parametrizations":
        *path, _, last = path
    for suffix in _SUFFIXES:
        last = last.removesuffix(suffix)
    return ".".join((*path, last))
