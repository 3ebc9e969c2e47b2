"""Formulas and conditions: a grammar, a list of functions, and their values on columns. Text is never run as code.

May import: core.
"""
