"""Meta-analysis: pooled effects, heterogeneity and publication bias.

May import: outcomes, records, store, languages, mixed, formulas, core.
"""

from .fit import meta_analyze
from .multilevel import MultilevelMeta
from .result import MetaResult

__all__ = ["MetaResult", "MultilevelMeta", "meta_analyze"]
