"""Checks that are about one paper: the claims around Phang et al. 2020 and the rows that they rest on.

May import: claims, outcomes, records, languages, core.
"""
