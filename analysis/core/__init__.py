"""General building blocks: errors, arrays, levels, JSON, text tables, multiplicity, paths.

May import: nothing.
"""
