"""Mixed models with crossed random effects, fitted from cross-products."""

from .fit import fit_mixed
from .model.level_covariance import LevelCovariance
from .result import MixedResult

__all__ = ["LevelCovariance", "MixedResult", "fit_mixed"]
