"""Entries of the registry: one data set per file."""
