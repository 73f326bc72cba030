"""Edge list as Apache Parquet (``docs/formats.md``).

Within a tap the ids advance by constant steps and weights repeat, which the encodings of the columns use.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from sparsetopo.extras import needed_for
from sparsetopo.graphs.export.edge_blocks import node_dtype

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE


def write_parquet(mge: "MGE", path: Path) -> None:
    """Write the file; its key-value metadata holds ``layer_sizes`` as a JSON list."""
    with needed_for("exporting to .parquet"):
        import pyarrow
        from pyarrow import parquet
    ids = pyarrow.from_numpy_dtype(node_dtype(mge.num_nodes))
    schema = pyarrow.schema(
        {"source": ids, "target": ids, "weight": pyarrow.float32()},
        metadata={"layer_sizes": json.dumps(mge.layer_sizes)},
    )
    with parquet.ParquetWriter(
        path,
        schema,
        use_dictionary=["weight"],
        column_encoding={"source": "DELTA_BINARY_PACKED", "target": "DELTA_BINARY_PACKED"},
    ) as writer:
        for block in mge.edge_blocks():
            writer.write_batch(pyarrow.record_batch(list(block), schema=schema))
