"""Checks of printed tables against themselves and each other: averages, misprints, orders of languages.

May import: ``numbers``, ``verdicts``, ``analysis.outcomes`` and the rooms below it.
"""
