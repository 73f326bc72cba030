"""SHA-256 of named arrays: tells whether stored data are the data that were written."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def checksum(arrays: Mapping[str, NDArray[Any]], record: Any = None) -> str:
    """Hexadecimal SHA-256 over names, dtypes, shapes and bytes, in order of the names.

    Parameters
    ----------
    arrays
        Named arrays of any shape and dtype. The memory layout (C or Fortran order) does not matter.
    record
        JSON-able record that is covered by the sum too.
    """
    sha = hashlib.sha256(json.dumps(record, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        sha.update(json.dumps([name, array.dtype.str, list(array.shape)]).encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()
