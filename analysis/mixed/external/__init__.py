"""The same model fitted by other packages.

May import: mixed.fit, mixed.result, mixed.summary, mixed.inference, mixed.fitted, mixed.reference, mixed.numerics,
mixed.model, formulas, core.
"""
