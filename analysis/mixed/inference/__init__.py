"""Tests, intervals, predictions and influence of a fitted model.

May import: mixed.fitted, mixed.reference, mixed.numerics, mixed.model, formulas, core.
"""
