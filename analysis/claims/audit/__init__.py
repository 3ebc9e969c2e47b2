"""Checks of printed tables against themselves and each other: averages, misprints, orders of languages.

May import: claims, outcomes, records, languages, core.
"""
