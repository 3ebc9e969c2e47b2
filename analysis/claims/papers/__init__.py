"""Papers as they are: tables and prose of LaTeX, Markdown, HTML, PDF and spreadsheets, checked without a claim.

May import: claims, languages, core.
"""
