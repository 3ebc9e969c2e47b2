"""Figures: one function each, a tidy frame in, ``Axes`` out; nothing is shown and no global style is set.

May import: questions, claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
