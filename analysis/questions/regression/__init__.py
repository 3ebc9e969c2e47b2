"""What gains depend on: mixed-model regressions on typology, size and corpus.

May import: claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
