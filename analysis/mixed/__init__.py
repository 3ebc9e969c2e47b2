"""Mixed models with crossed random effects, fitted from cross-products (``README.md`` beside this file says how).

May import: formulas, core.
"""

from .fit import fit_mixed
from .model.level_covariance import LevelCovariance
from .result import MixedResult

__all__ = ["LevelCovariance", "MixedResult", "fit_mixed"]
