"""Edge list as NumPy's .npz (``docs/formats.md``).

A zip archive is written one member after the other, so each of the three edge arrays takes its own pass over the edges,
which is cheaper than keeping two of the arrays aside.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from sparsetopo.graphs.export.edge_blocks import node_dtype

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE


def write_npz(mge: "MGE", path: Path) -> None:
    """Write the file."""
    ids = node_dtype(mge.num_nodes)
    dtypes = {"sources": ids, "targets": ids, "weights": np.dtype(np.float32)}
    sizes = np.array(mge.layer_sizes, dtype=np.int64)
    with zipfile.ZipFile(path, "w") as archive:
        for name, dtype in dtypes.items():
            arrays = (getattr(block, name) for block in mge.edge_blocks())
            _write_array(archive, name, dtype, mge.num_edges, arrays)
        _write_array(archive, "layer_sizes", sizes.dtype, len(sizes), [sizes])


def _write_array(
    archive: zipfile.ZipFile,
    name: str,
    dtype: np.dtype[Any],
    length: int,
    parts: Iterable[NDArray[Any]],
) -> None:
    """Write the concatenation of one-dimensional arrays as one member."""
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": (length,)}
    # A ZipInfo carries a fixed date, so that equal graphs give equal bytes.
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as handle:
        npy.write_array_header_1_0(handle, header)
        for part in parts:
            handle.write(part.data)
