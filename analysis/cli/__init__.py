"""The ``analyze`` command: one module per subcommand.

May import: explore, present, reports, plots, questions, claims, meta, outcomes, records, store, languages, mixed,
formulas, core.
"""
