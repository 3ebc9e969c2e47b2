"""Checks that are about one paper: the claims around Phang et al. 2020 and the rows that they rest on.

May import: ``language``, ``numbers``, ``registry``, ``verdicts``, ``analysis.outcomes`` and the rooms below it.
"""
