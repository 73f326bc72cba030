"""Entries of the registry: one data set a file."""
