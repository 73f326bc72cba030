"""From a PyTorch model to a recording of what it computes. Needs torch."""
