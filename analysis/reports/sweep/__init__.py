"""What reports say about a sweep with controls: amounts, the equal-steps control, domain, depth and distance.

May import: reports, plots, questions, claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
