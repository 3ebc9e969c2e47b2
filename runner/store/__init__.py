"""What a sweep writes: stages by identity, checkpoints, cells and locks, whole or not at all.

May import: ``analysis.store``, which owns the format, and ``analysis.core``.
"""
