"""From records to the rows of a model: pairs, variances, baselines, covariates, the default model.

May import: records, store, languages, mixed, formulas, core.
"""
