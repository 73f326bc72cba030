"""Figures of the study: tidy tables in, matplotlib figures out, written by `saving.save_figure`.

One file a figure: `accuracy`, `regression`, `checks`, `families`, `importance`, `ranking` (two),
`ramanujan`, `graph`. Importing this package imports none.
"""
