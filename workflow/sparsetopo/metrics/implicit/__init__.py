"""The fast backend: every primitive from the bundles of a graph whose edges are never stored.

``docs/graph.md`` explains each algorithm with its proof or source.
"""
