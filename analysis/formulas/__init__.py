"""Formulas and conditions: a grammar, a list of functions, and their values on columns. Text is never run as code.

Imports only ``arrays`` and ``errors`` from this package.
"""
