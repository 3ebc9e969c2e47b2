"""crosslift: how much an intermediate task lifts zero-shot scores in other languages, and what the lift depends on.

Everything here is loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .claims.verify import verify
    from .claims.xtreme.replication import Replication, replicate
    from .languages.codes import resolve
    from .languages.distances import distance, distances
    from .languages.kernels import language_kernel
    from .meta import MetaResult, MultilevelMeta, meta_analyze
    from .mixed import MixedResult, fit_mixed
    from .outcomes.build import Options, build_outcome
    from .outcomes.default_model import default_model
    from .outcomes.pairing import pair_gains, pair_gaps
    from .questions.multiverse import Multiverse, MultiverseRequest, run_multiverse
    from .questions.power import Power, PowerDesign, PowerRequest, run_power
    from .questions.prediction.run import Prediction, PredictionRequest, predict
    from .questions.scaling.run import ScaleFit, ScaleRequest, fit_scale
    from .records.read import read_inputs

__version__ = "0.1.0"

_WHERE = {
    "fit_mixed": "mixed",
    "MixedResult": "mixed",
    "meta_analyze": "meta",
    "MetaResult": "meta",
    "MultilevelMeta": "meta",
    "fit_scale": "questions.scaling.run",
    "ScaleRequest": "questions.scaling.run",
    "ScaleFit": "questions.scaling.run",
    "predict": "questions.prediction.run",
    "PredictionRequest": "questions.prediction.run",
    "Prediction": "questions.prediction.run",
    "run_multiverse": "questions.multiverse",
    "MultiverseRequest": "questions.multiverse",
    "Multiverse": "questions.multiverse",
    "run_power": "questions.power",
    "PowerDesign": "questions.power",
    "PowerRequest": "questions.power",
    "Power": "questions.power",
    "verify": "claims.verify",
    "replicate": "claims.xtreme.replication",
    "Replication": "claims.xtreme.replication",
    "pair_gains": "outcomes.pairing",
    "pair_gaps": "outcomes.pairing",
    "read_inputs": "records.read",
    "language_kernel": "languages.kernels",
    "resolve": "languages.codes",
    "distance": "languages.distances",
    "distances": "languages.distances",
    "Options": "outcomes.build",
    "build_outcome": "outcomes.build",
    "default_model": "outcomes.default_model",
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
