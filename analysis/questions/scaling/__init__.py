"""Scaling curves: outcomes against model size, intermediate-corpus size or pretraining-corpus size.

May import: claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
