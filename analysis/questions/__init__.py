"""One room for each question: ``run`` turns a request into a result, ``answer`` puts it into sentences.

May import: claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""
