"""Claims that papers print, and what the data say of them.

May import: outcomes, records, languages, core.
"""
