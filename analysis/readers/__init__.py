"""Readers of score tables, one module a format."""
