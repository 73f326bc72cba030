"""The product with the adjacency matrix: bundles as terms, and the loops that multiply with them."""
