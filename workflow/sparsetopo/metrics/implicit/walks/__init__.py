"""Walks of two steps over the implicit graph: two-hop neighbours and motifs."""
