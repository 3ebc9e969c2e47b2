"""Meta-analysis: pooled effects, how much they vary, and what may distort them.

May import: outcomes, records, store, languages, mixed, formulas, core.
"""

from .fit import meta_analyze
from .multilevel import MultilevelMeta
from .result import MetaResult

__all__ = ["MetaResult", "MultilevelMeta", "meta_analyze"]
