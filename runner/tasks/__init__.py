"""Tasks that a grid may name: their cards, and their examples from files, the hub, or made.

May import: ``kinds``, ``models``, ``store``.
"""
