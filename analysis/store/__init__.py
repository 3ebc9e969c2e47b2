"""Formats that both halves share: the grid file, and the store of a sweep that the runner writes.

May import: core.
"""
