"""Entries of the registry: one family of metrics a file."""
