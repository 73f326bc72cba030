"""Eigenvalues of the implicit graph."""
