"""Readers of files, one per format: from a file to a table of cells, or to rows of the record.

May import: records, languages, core.
"""
