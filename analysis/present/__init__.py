"""Presentation of results to people: tables, captions, and the figures of each command.

May import: reports, plots, questions, claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
