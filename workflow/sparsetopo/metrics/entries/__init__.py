"""Entries of the registry of metrics: a table and its functions in each file."""
