"""Formulas and conditions: a grammar, a list of functions, and their values on columns. No code is ever run from text.

Imports nothing of this package but ``arrays`` and ``errors``.
"""
