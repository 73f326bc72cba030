"""A smaller matrix with the outer eigenvalues of a graph in which many positions are alike."""
