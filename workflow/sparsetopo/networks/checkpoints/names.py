"""Which weight of a file belongs to which weight of a network: the names that wrappers and trainers put before them.

A prefix is taken away only if the names match then; which one it is, a file does not say.
"""

from collections.abc import Callable, Iterable, Mapping

# What DataParallel, torch.compile, Lightning and others put before every name.
_WRAPPERS = ("module", "_orig_mod")
_PREFIXES = (
    *_WRAPPERS,
    *(
        "model",
        "backbone",
        "net",
        "network",
        "encoder",
        "student",
        "base_model",
        "classifier",
        "ema",
    ),
)


def matched_names(given: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """The network's name for each name of a file that means one of its weights.

    Tried are the names as they are, without the "module." and "_orig_mod." of wrappers anywhere in them, and without
    one to three of the usual prefixes, on either side. The reading by which most names match is taken; of several, the
    one that changes least.

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
    ours, theirs = list(wanted), list(given)
    best: dict[str, str] = {}
    for reading in _readings(theirs):
        for other in _readings(ours):
            found = _matches(_read(theirs, reading), _read(ours, other))
            if len(found) > len(best):
                best = found
    return best


Reading = Callable[[str], str]


def _readings(names: Iterable[str]) -> list[Reading]:
    """Ways to read names, the plainest first: as they are, unwrapped, and without the prefixes that they share."""
    readings: list[Reading] = [lambda name: name, _unwrapped]
    shared = ""
    for _ in range(3):
        firsts = [_unwrapped(name)[len(shared) :].partition(".")[0] for name in names
                  if _unwrapped(name).startswith(shared)]  # fmt: skip
        common = [prefix for prefix in _PREFIXES if prefix in firsts]
        if not common:
            break
        shared += max(common, key=firsts.count) + "."
        readings.append(lambda name, prefix=shared: _unwrapped(name).removeprefix(prefix))  # type: ignore[misc]
    return readings


def _unwrapped(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _read(names: Iterable[str], reading: Reading) -> dict[str, str]:
    """{what a name is read as: the name}; where two are read alike, neither counts."""
    read: dict[str, str | None] = {}
    for name in names:
        key = reading(name)
        read[key] = None if key in read else name
    return {key: name for key, name in read.items() if name is not None}


def _matches(theirs: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    return {name: ours[key] for key, name in theirs.items() if key in ours}
