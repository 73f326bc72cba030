"""Classes of position pairs against an enumeration of all walks of two steps."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsetopo.graphs.bundles.incidence import Incidence
from sparsetopo.metrics.implicit.walks.classes import walk_classes


@st.composite
def incidences(draw, sources, targets):
    pairs = draw(
        st.lists(
            st.tuples(st.integers(0, targets - 1), st.integers(0, sources - 1)),
            unique=True,
            max_size=12,
        )
    )
    taps = draw(st.lists(st.integers(0, 2), min_size=len(pairs), max_size=len(pairs)))
    targets_of, sources_of = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2).T
    return Incidence(
        sources_of.copy(), np.array(taps, dtype=np.int32), targets_of.copy(), sources, 3, targets
    )


@given(
    st.lists(st.tuples(incidences(4, 3), incidences(3, 5)), min_size=1, max_size=3),
    st.none() | incidences(4, 5),
)
@settings(deadline=None, derandomize=True)
def test_walk_classes(middles, direct):
    """Position pairs share a class if and only if they have the same walks and direct tap."""
    walks = {}
    for middle, (first, last) in enumerate(middles):
        for y, tap, m in zip(first.sources, first.taps, first.targets, strict=True):
            for n, next_tap, z in zip(last.sources, last.taps, last.targets, strict=True):
                if m == n:
                    walks.setdefault((y, z), Counter())[middle, tap, next_tap] += 1
    taps = {}
    if direct is not None:
        taps = dict(zip(zip(direct.sources, direct.targets, strict=True), direct.taps, strict=True))
    classes = walk_classes(
        [(first.from_targets, last.from_sources) for first, last in middles], direct
    )
    found = {}
    for c, tap in enumerate(classes.direct):
        of_class = Counter()
        for k, pairs in enumerate(classes.tap_pairs):
            number = c * len(middles) + k
            for i in range(classes.starts[number], classes.starts[number + 1]):
                walk = classes.walks[i]
                of_class[k, pairs.first[walk], pairs.last[walk]] = classes.multiplicities[i]
        found[c] = (of_class, tap)
    pairs = list(zip(classes.firsts.tolist(), classes.lasts.tolist(), strict=True))
    assert sorted(pairs) == sorted(walks)
    for pair, c in zip(pairs, classes.labels.tolist(), strict=True):
        assert found[c] == (walks[pair], taps.get(pair, -1))
    assert len({(frozenset(walk.items()), tap) for walk, tap in found.values()}) == len(found)
    assert classes.sizes.sum() == len(pairs)
    for k in range(len(middles)):
        totals = [sum(n for (m, *_), n in walk.items() if m == k) for walk in walks.values()]
        assert classes.most_walks(k) == max(totals, default=0)
