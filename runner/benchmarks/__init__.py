"""Benchmarks by their own rules: files of predictions in a benchmark's layout, their scores and averages.

May import: ``kinds`` and the packages below it.
"""
