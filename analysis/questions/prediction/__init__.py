"""Predictions for a language, task or size not yet run, and their cross-validated errors.

May import: claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
