"""Pruning algorithms, one file each; CONTRIBUTING.md lists what such a file holds.

An algorithm may change the network, which is restored afterwards.
"""
