"""Entries of the registry: one network architecture per file."""
