"""What several packages do to a torch network: initial weights, restoring, determinism, memory."""
