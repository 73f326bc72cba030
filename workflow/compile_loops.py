"""What `make setup` ends with: compile the loops of the metrics, once, so that the first jobs need not.

Two jobs that start together would each compile for half a minute. After an edit of the loops the next job compiles
them.
"""

import logging

import numpy as np

import sparsetopo as st
from sparsetopo.architectures import build
from sparsetopo.layers import layer_kinds, ramanujan_records, topometric_records
from sparsetopo.metrics.implicit.compiled import cache_folder

SHAPE = (1, 8, 8)


def main() -> None:
    """Measure a network that has every kind of block, as a job does; nothing if there are compiled loops."""
    logging.basicConfig(format="%(message)s")
    if cache_folder().exists():
        return
    model = build("Resnet-20", SHAPE, 10, {})
    masks = st.prune(model, "uniform", 0.9, seed=0)
    mge = st.encode(model, SHAPE, masks)
    st.topometrics(mge)
    weights = {name: np.asarray(mge.weights[name]) for name in mge.masks}
    kinds = layer_kinds(mge.plan)
    topometric_records(weights, dict(mge.masks), kinds)
    ramanujan_records(weights, dict(mge.masks), kinds)


if __name__ == "__main__":
    main()
