"""Breadth-first forest, biconnected components and core numbers of the implicit graph."""
