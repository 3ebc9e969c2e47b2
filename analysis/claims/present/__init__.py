"""Tables, pages and JSON of checked claims.

May import: every other room of claims, and ``analysis.core``.
"""
