"""Weights and masks in files of other libraries: read without running anything in them, and matched to a network."""
