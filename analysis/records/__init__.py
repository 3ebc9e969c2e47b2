"""From any file to rows of the record schema, and the bundled sets.

May import: store, languages, mixed, formulas, core.
"""
