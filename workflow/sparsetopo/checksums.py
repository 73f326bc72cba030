"""SHA-256 of named arrays: tells whether stored data, or the weights a mask belongs to, are the same."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def checksum(arrays: Mapping[str, NDArray[Any]], record: Mapping[str, Any] | None = None) -> str:
    """Hexadecimal SHA-256 of names, dtypes, shapes and contents of arrays.

    Neither the order of the names nor the memory layout (C or Fortran order) matters. Files hold these sums, so the
    value must never change. A record, which JSON must be able to hold, is covered too.

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"fc.weight": np.zeros((2, 3))}
    >>> checksum(weights)[:12]
    'af66b0e47cc9'
    >>> checksum(weights) == checksum({"fc.weight": np.zeros((3, 2))})
    False
    """
    sha = hashlib.sha256()
    if record is not None:
        sha.update(json.dumps(record, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        sha.update(json.dumps([name, array.dtype.str, list(array.shape)]).encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()
