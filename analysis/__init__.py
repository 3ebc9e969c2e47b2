"""crosslift: how much an intermediate task lifts zero-shot scores in other languages, and what the lift depends on.

Everything here is loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .claims.checks import verify
    from .claims.replication import Replication, replicate
    from .crossed import default_model
    from .gains import pair_gains, pair_gaps
    from .inputs import read_inputs
    from .kernels import language_kernel
    from .languages import resolve
    from .meta import MetaResult, MultilevelMeta, meta_analyze
    from .mixed import MixedResult, fit_mixed
    from .multiverse import Multiverse, MultiverseRequest, run_multiverse
    from .outcomes import Options, build_outcome
    from .power import Power, PowerDesign, PowerRequest, run_power
    from .prediction.report import Prediction, PredictionRequest, predict
    from .scaling.report import ScaleFit, ScaleRequest, fit_scale
    from .typology import distance, distances

__version__ = "0.1.0"

_WHERE = {
    "fit_mixed": "mixed",
    "MixedResult": "mixed",
    "meta_analyze": "meta",
    "MetaResult": "meta",
    "MultilevelMeta": "meta",
    "fit_scale": "scaling.report",
    "ScaleRequest": "scaling.report",
    "ScaleFit": "scaling.report",
    "predict": "prediction.report",
    "PredictionRequest": "prediction.report",
    "Prediction": "prediction.report",
    "run_multiverse": "multiverse",
    "MultiverseRequest": "multiverse",
    "Multiverse": "multiverse",
    "run_power": "power",
    "PowerDesign": "power",
    "PowerRequest": "power",
    "Power": "power",
    "verify": "claims.checks",
    "replicate": "claims.replication",
    "Replication": "claims.replication",
    "pair_gains": "gains",
    "pair_gaps": "gains",
    "read_inputs": "inputs",
    "language_kernel": "kernels",
    "resolve": "languages",
    "distance": "typology",
    "distances": "typology",
    "Options": "outcomes",
    "build_outcome": "outcomes",
    "default_model": "crossed",
}

__all__ = [
    "MetaResult",
    "MixedResult",
    "MultilevelMeta",
    "Multiverse",
    "MultiverseRequest",
    "Options",
    "Power",
    "PowerDesign",
    "PowerRequest",
    "Prediction",
    "PredictionRequest",
    "Replication",
    "ScaleFit",
    "ScaleRequest",
    "build_outcome",
    "default_model",
    "distance",
    "distances",
    "fit_mixed",
    "fit_scale",
    "language_kernel",
    "meta_analyze",
    "pair_gains",
    "pair_gaps",
    "predict",
    "read_inputs",
    "replicate",
    "resolve",
    "run_multiverse",
    "run_power",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'analysis' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
