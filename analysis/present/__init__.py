"""Everything between a result and a person: printed tables, captions, the figures of a command, files written.

May import: reports, plots, questions, claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
