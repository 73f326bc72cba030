"""Compare a graph of the library with the oracle's, edge by edge, whatever the order of units within a node layer."""

import numpy as np
import torch


def assert_same_graph(mge, oracle):
    """Raise AssertionError unless node layers, edges and magnitudes are the same; return the layers matched out of order.

    Units are expected in the oracle's order. Where a layer's rows do not fit it, another order that fits all its
    incoming edges is looked for; such layers are returned.
    """
    matrix = mge.to_scipy()
    offsets = np.asarray(mge.layer_offsets)
    found = [
        {
            source: matrix[
                offsets[source] : offsets[source + 1], offsets[target] : offsets[target + 1]
            ]
            for source in range(target)
        }
        for target in range(len(offsets) - 1)
    ]
    assert sorted(mge.layer_sizes) == sorted(oracle.sizes), (
        f"node layers of {mge.layer_sizes} units {[layer.name for layer in mge.plan.node_layers]}, but expected "
        f"{oracle.sizes} {[layer.name for layer in oracle.layers]}"
    )
    problems = []
    for layouts in _input_layouts(oracle):
        problem, reordered = _match(found, mge.layer_sizes, oracle, dict(layouts))
        if problem is None:
            assert mge.num_edges == matrix.nnz == oracle.num_edges
            return reordered
        problems.append(problem)
    raise AssertionError(problems[0])


def _input_layouts(oracle):
    """A token input (T, F) may be numbered by tokens or by features first."""
    natural = {
        n: torch.arange(layer.size) for n, layer in enumerate(oracle.layers) if layer.order < 0
    }
    yield natural
    turned = {
        n: order.reshape(oracle.layers[n].channels, -1).T.flatten() for n, order in natural.items()
    }
    yield turned


def _match(found, sizes, oracle, layouts):
    """(None, layers matched out of order) or (first problem, None)."""
    place, order, reordered = {}, {}, []  # by layer of the oracle
    for target, size in enumerate(sizes):
        candidates = [n for n in range(len(sizes)) if n not in place and oracle.sizes[n] == size]
        candidates = [n for n in candidates if all(s in place for s, t in oracle.edges if t == n)]
        problem = f"no node layer left to match node layer {target} of {size} units"
        for candidate in candidates:
            if candidate in layouts:
                if any(block.nnz for block in found[target].values()):
                    continue
                units, trouble = layouts[candidate], None
            else:
                units, trouble = _row_order(found[target], candidate, oracle, place, order)
            if units is not None:
                place[candidate], order[candidate] = target, units
                if candidate not in layouts and not torch.equal(units, torch.arange(size)):
                    reordered.append(oracle.layers[candidate].name)
                break
            if candidate == candidates[0]:
                problem = (
                    f"node layer {target} (the oracle's {oracle.layers[candidate].name}): {trouble}"
                )
        else:
            return problem, None
    return None, reordered


def _row_order(blocks, candidate, oracle, place, order):
    """Which unit of the oracle each unit of the library is, by all incoming edges; None if there is no such order."""
    expected, kept = {}, {}
    for (source, target), (magnitudes, there) in oracle.edges.items():
        if target == candidate:
            expected[place[source]] = magnitudes[order[source]].T.numpy()
            kept[place[source]] = there[order[source]].T.numpy()
    rows, rows_kept, wanted, wanted_kept = [], [], [], []
    for source, block in blocks.items():
        dense = block.toarray().T.astype(np.float64)
        there = np.zeros(dense.shape, bool)
        coordinates = block.tocoo()
        there[coordinates.col, coordinates.row] = True
        rows.append(dense)
        rows_kept.append(there)
        wanted.append(expected.get(source, np.zeros_like(dense)))
        wanted_kept.append(kept.get(source, np.zeros_like(there)))
    size = oracle.sizes[candidate]
    rows, rows_kept, wanted, wanted_kept = (
        np.concatenate(parts, 1) if parts else np.zeros((size, 0))
        for parts in (rows, rows_kept, wanted, wanted_kept)
    )
    if _agree(rows, rows_kept, wanted, wanted_kept):
        return torch.arange(size), None
    projection = np.random.default_rng(0).random((2, rows.shape[1])) + 0.5
    found, expected = (
        r @ projection[0] + k @ projection[1] for r, k in ((rows, rows_kept), (wanted, wanted_kept))
    )
    units = np.empty(size, int)
    units[np.argsort(found, kind="stable")] = np.argsort(expected, kind="stable")
    if _agree(rows, rows_kept, wanted[units], wanted_kept[units]):
        return torch.as_tensor(units), None
    return None, _difference(rows, rows_kept, wanted, wanted_kept)


def _agree(rows, rows_kept, wanted, wanted_kept):
    return np.array_equal(rows_kept, wanted_kept) and np.allclose(
        rows, wanted, rtol=1e-4, atol=1e-6
    )


def _difference(rows, rows_kept, wanted, wanted_kept):
    missing, surplus = int((wanted_kept & ~rows_kept).sum()), int((rows_kept & ~wanted_kept).sum())
    if missing or surplus:
        return f"{int(wanted_kept.sum())} edges expected, {int(rows_kept.sum())} found ({missing} missing, {surplus} too many)"
    return f"magnitudes differ by up to {np.abs(rows - wanted).max():.3g}"
