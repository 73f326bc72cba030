"""A run of the workflow on this machine: locks, logs, summaries, GPUs."""
