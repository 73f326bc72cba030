"""What several packages do to a torch network, or need to know of one.

Nothing here knows of pruning, training or data sets. Only `initial_weights`, `masks` and `mask_names` need no torch.
"""
