"""Pruning algorithms, one file each.

Besides NAME, VERSION and OPTIONS, a file states NEEDS ("data", "input shape" or "nothing") and
defines ``keep(problem) -> {parameter name: bool array}``. Those that score weights also define
``scores(problem) -> {parameter name: tensor}``. Both may change the network:
`sparsetopo.pruning.prune` restores it.
"""
