"""Papers as they are: tables and prose of LaTeX, Markdown, HTML, PDF and spreadsheets, checked without a word of claim.

May import: claims, languages, core.
"""
