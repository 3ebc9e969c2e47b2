"""From a formula and rows to the arrays of a mixed model.

May import: formulas, core.
"""
