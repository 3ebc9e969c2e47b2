"""Kinds of task, one file each: its data, encoding, head, predictions and scores; beside them what they share.

May import: ``models``, ``store``.
"""
