"""Meta-analysis: pooled effects, how much they vary, and what may distort them."""

from .fit import meta_analyze
from .location_scale import LocationScaleMeta
from .multilevel import MultilevelMeta
from .result import MetaResult
from .structured import StructuredMeta

__all__ = ["LocationScaleMeta", "MetaResult", "MultilevelMeta", "StructuredMeta", "meta_analyze"]
