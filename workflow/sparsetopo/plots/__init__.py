"""Figures of the study: tidy tables in, matplotlib figures out, written by `saving.save_figure`.

One file a figure: `accuracy`, `regression`, `importance`, `ranking`, `graph`. Importing this
package imports none.
"""
