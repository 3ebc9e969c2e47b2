"""From a grid to the stages that it takes, each once.

May import: ``tasks``, ``kinds``, ``models``, ``store``.
"""
