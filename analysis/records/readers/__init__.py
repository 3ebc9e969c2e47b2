"""Readers of files, one a format: from a file to a table of cells, or to rows of the record."""
