"""Which weight of a file belongs to which weight of a network: the names that wrappers and trainers put before them.

A prefix is taken away only if more names match then; which one it is, a file does not say.
"""

from collections import Counter
from collections.abc import Iterable

# What DataParallel and torch.compile put into names, wherever a module is wrapped.
_WRAPPERS = ("module", "_orig_mod")
# Tried before others, where several would match as many names.
_USUAL = ("model", "backbone", "net", "network", "student")
_DEEPEST = 3
"""Parts of names that are taken away at most."""


def matched_names(given: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """The network's name for each name of a file that means one of its weights.

    Tried are the names as they are, without the "module." and "_orig_mod." of wrappers anywhere in them, and without
    up to three parts that they begin with ("model.", "backbone."), on either side. The reading by which most names
    match is taken; of several, the one that changes least.

    Parameters
    ----------
    given
        Names in the file.
    wanted
        Names in the network.

    Returns
    -------
    dict
        {name in the file: name in the network}; names that match nothing are left out.

    Examples
    --------
    >>> matched_names(["module.model.fc.weight", "module.model.fc.bias", "epoch"], ["fc.weight", "fc.bias"])
    {'module.model.fc.weight': 'fc.weight', 'module.model.fc.bias': 'fc.bias'}
    >>> matched_names(["model.weight", "weight"], ["model.weight", "weight"])
    {'model.weight': 'model.weight', 'weight': 'weight'}
    """
    theirs, ours = list(given), list(wanted)
    most = min(len(theirs), len(ours))
    best: dict[str, str] = {}
    network = [_read(ours, *how) for how in _readings(ours)]
    for how in _readings(theirs):
        read = _read(theirs, *how)
        for other in network:
            shared = read.keys() & other.keys()
            if len(shared) > len(best):
                best = {name: other[key] for key, name in read.items() if key in shared}
        if len(best) == most:
            break
    return best


def _readings(names: list[str]) -> list[tuple[bool, str]]:
    """Ways to read names, the plainest first: (whether without wrappers, the prefix that is taken away)."""
    readings = [(False, ""), (True, "")]
    unwrapped = [_unwrapped(name) for name in names]
    prefix = ""
    for _ in range(_DEEPEST):
        below = [name.removeprefix(prefix) for name in unwrapped if name.startswith(prefix)]
        firsts = Counter(name.partition(".")[0] for name in below if "." in name)
        if not firsts:
            break
        ordered = sorted(firsts, key=lambda first: first not in _USUAL)
        readings += [(True, f"{prefix}{first}.") for first in ordered]
        prefix += firsts.most_common(1)[0][0] + "."
    return readings


def _unwrapped(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _read(names: Iterable[str], without_wrappers: bool, prefix: str) -> dict[str, str]:
    """{what a name is read as: the name}; where two are read alike, neither counts."""
    read: dict[str, str | None] = {}
    for name in names:
        key = (_unwrapped(name) if without_wrappers else name).removeprefix(prefix)
        read[key] = None if key in read else name
    return {key: name for key, name in read.items() if name is not None}
