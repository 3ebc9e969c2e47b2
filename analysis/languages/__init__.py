"""Codes and names of languages, their features and distances, and kernels over them.

May import: mixed, formulas, core.
"""
