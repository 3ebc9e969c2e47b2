"""The criterion, its derivatives and its minimum.

May import: mixed.model, formulas, core.
"""
