"""Pooled gains: the whole of ``analyze meta`` as one function.

May import: claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""

from .request import Request
from .result import Moderated, Pooled, Robust
from .run import pool

__all__ = ["Moderated", "Pooled", "Request", "Robust", "pool"]
