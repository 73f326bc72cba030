"""Bundles: all edges between two node layers, as masked weights and incidences."""
