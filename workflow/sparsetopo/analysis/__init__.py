"""From the collected table to the study's answers: drop, features, regression, importance, ranking.

Tidy pandas tables in, tidy pandas tables out; nothing here needs torch. The modules, in the order
a study uses them:

`tables` (check a collected table, write and read result tables), `accuracy_drop`, `features`,
`regression`, `importance`, `ranking`. Importing this package imports none of them, so it costs
nothing.
"""
