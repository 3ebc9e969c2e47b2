"""Documents that list claims: reading them, and whether they agree with themselves.

May import: claims, core.
"""
