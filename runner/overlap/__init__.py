"""What a tokenizer makes of texts: overlap of its pieces with another language, pieces a word, unknown pieces, scripts.

May import: runner.models, runner.store; analysis.records, analysis.languages, analysis.core.
"""
