"""Figures and pages of a study, made from its tables.

`figures` lists the figures, each drawn by a function of its own module and written by `saving.save_figure`; `page` and
`comparison_page` show them.
"""
