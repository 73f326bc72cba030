"""Sixteen topological metrics of a sparse network's graph (and the signed spectral gap), exact.

A *metric* is one function in a file of `entries`; it turns *primitives* (degrees, motif counts,
eigenvalues, ...) into one number. Two backends compute the primitives: `implicit`, from the weights
and the plan, and `explicit`, from the stored edges, a slow check on the first. The registry
`METRICS` is read from the entries without running them, so importing it imports neither numpy nor
scipy.
"""
