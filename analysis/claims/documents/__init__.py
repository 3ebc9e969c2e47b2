"""Documents that list claims: reading them, and whether they agree with themselves.

May import: ``registry``, ``verdicts`` and ``analysis.core``.
"""
