"""Topological metrics of a sparse network's graph: the paper's sixteen, the signed spectral gap, paths, dispersion.

A *metric* is a function in a file of `entries`. It turns *primitives* (degrees, motif counts, eigenvalues, ...) into
one number. Two backends compute the primitives: `implicit` from the weights and the plan, and `explicit` from the
stored edges, which is slow and checks the first. `registry` says what each metric is.
"""
