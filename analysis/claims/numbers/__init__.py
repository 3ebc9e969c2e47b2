"""Printed numbers as intervals, and means that no count of items gives.

May import: nothing.
"""
