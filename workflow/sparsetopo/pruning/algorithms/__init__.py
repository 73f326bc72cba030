"""Pruning algorithms, one file each.

Besides NAME, VERSION and OPTIONS, a file states the literals

- NEEDS: "data", "input shape" or "nothing";
- SINGLE_SHOT: whether masks of every sparsity follow from one scoring (default: no);
- MEMORY_OPTIONS: options that need less memory when they are lower.

A single-shot algorithm defines ``scores(problem) -> {parameter name: tensor}``: the weights with
the largest scores over all layers together are kept. Any other defines ``keep(problem) ->
{parameter name: bool array}``. Both may change the network: it is restored afterwards.
"""
