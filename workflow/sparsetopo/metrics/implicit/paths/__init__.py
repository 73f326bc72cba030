"""Paths from the inputs to the outputs: how many there are, their weights, and what lies on one (``docs/graph.md``)."""
