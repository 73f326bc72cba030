"""Pruning algorithms ranked without training, and compared with their true order."""
