"""Predictions for a language, task or size not yet run, and how good they are where the truth is known.

May import: claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
