"""Pretrained models that a grid may name, and how they are loaded.

May import: ``store``.
"""
