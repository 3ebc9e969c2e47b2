"""Mixed models with crossed random effects, fitted from cross-products."""

from .fit import fit_mixed
from .result import MixedResult

__all__ = ["MixedResult", "fit_mixed"]
