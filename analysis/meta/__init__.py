"""Meta-analysis: pooled effects, heterogeneity and publication bias.

May import: outcomes, records, store, languages, mixed, formulas, core.
"""

from .fit import meta_analyze
from .location_scale import LocationScaleMeta
from .multilevel import MultilevelMeta
from .result import MetaResult
from .structured import StructuredMeta

__all__ = ["LocationScaleMeta", "MetaResult", "MultilevelMeta", "StructuredMeta", "meta_analyze"]
