"""From the collected table to the study's answers. Tidy tables in, tidy tables out; nothing here needs torch.

In the order in which a study uses them: `tables` (collected results, checked and joined into
features), `regression`, `importance`, `ramanujan_density`, `ranking`, and `paper` (the authors'
released results, beside ours). `mask_overlap` and `degree_distance` compare two masks and their
graphs. Importing this package imports none of them.
"""
