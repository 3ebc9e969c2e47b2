"""Tables, pages and JSON of checked claims.

May import: claims, core.
"""
