"""What several packages do to a torch network, or need to know of one.

- `initial_weights`: the initial weights as NumPy arrays. The one module here that needs no torch.
- `initialise`: those weights loaded into a network; `prunable`: which of its weights are pruned.
- `arrays`: tensors as NumPy arrays, and back.
- `restore`: change a network and leave no trace; `random_state`: torch's random generators.
- `determinism`, `precision`, `memory`: devices and deterministic algorithms; number formats;
  running out of memory.

Nothing here knows of pruning, training or data sets.
"""
