"""Training of dense and sparse networks: recipe, masked SGD, augmentation, checkpoints, results.

`recipe` and `save` are free of torch; `train` is not, so it is imported from its own module.
"""
