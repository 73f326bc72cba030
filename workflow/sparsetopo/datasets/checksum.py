"""SHA-256 of named arrays, to tell whether stored data are the data that were written."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def checksum(arrays: Mapping[str, NDArray[Any]], record: Any = None) -> str:
    """Hexadecimal SHA-256 of a JSON-able record and of names, dtypes, shapes and contents of arrays.

    Neither the order of the arrays nor their memory layout (C or Fortran order) matters.

    Examples
    --------
    >>> one, two = np.zeros(3), np.ones((2, 2))
    >>> checksum({"a": one, "b": two}) == checksum({"b": two.T, "a": one})
    True
    """
    sha = hashlib.sha256(json.dumps(record, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        sha.update(json.dumps([name, array.dtype.str, list(array.shape)]).encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()
