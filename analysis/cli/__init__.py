"""The ``analyze`` command: one module for each subcommand.

May import: explore, present, reports, plots, questions, claims, meta, outcomes, records, store, languages, mixed,
formulas, core.
"""
