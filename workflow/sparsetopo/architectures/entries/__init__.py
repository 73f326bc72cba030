"""Entries of the registry: one network architecture a file."""
