"""crosslift: how much an intermediate task lifts zero-shot scores in other languages, and what the lift depends on.

The public face: functions with keyword arguments, one form of result, and the tree of errors. Everything is loaded when
it is first used, so that ``import crosslift`` is fast.

>>> import crosslift as cl
>>> cl.fit("scores.csv", factor="typology").answer  # doctest: +SKIP

The packages behind it, ``analysis`` and ``runner``, may change between releases; this does not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .shadow import refuse_shadow

refuse_shadow("analysis")

from analysis import __version__  # noqa: E402

if TYPE_CHECKING:
    from analysis.core.errors import (
        CrossliftError,
        DesignError,
        FormulaError,
        PairingError,
        RecordError,
        SizeError,
        StoreError,
        UnknownLanguageError,
        UnknownNameError,
    )
    from analysis.languages.codes import resolve
    from analysis.languages.kernels import language_kernel
    from analysis.meta import LocationScaleMeta, MetaResult, MultilevelMeta, StructuredMeta, meta_analyze
    from analysis.mixed import MixedResult, fit_mixed
    from analysis.outcomes.build import Outcome

    from .claims import verify
    from .data import Records, distances, gains, read
    from .questions import fit, meta, multiverse, power, predict, scale, sources
    from .result import Result

_WHERE = {
    **dict.fromkeys(("fit", "sources", "meta", "scale", "predict", "multiverse", "power"), "crosslift.questions"),
    **dict.fromkeys(("read", "gains", "distances", "Records"), "crosslift.data"),
    "verify": "crosslift.claims",
    "Outcome": "analysis.outcomes.build",
    "Result": "crosslift.result",
    "fit_mixed": "analysis.mixed",
    "MixedResult": "analysis.mixed",
    **dict.fromkeys(
        ("meta_analyze", "MetaResult", "MultilevelMeta", "StructuredMeta", "LocationScaleMeta"), "analysis.meta"
    ),
    "resolve": "analysis.languages.codes",
    "language_kernel": "analysis.languages.kernels",
    **dict.fromkeys(
        ("CrossliftError", "DesignError", "FormulaError", "PairingError", "RecordError", "SizeError", "StoreError",
         "UnknownLanguageError", "UnknownNameError"),
        "analysis.core.errors",
    ),
}  # fmt: skip

__all__ = [
    "CrossliftError",
    "DesignError",
    "FormulaError",
    "LocationScaleMeta",
    "MetaResult",
    "MixedResult",
    "MultilevelMeta",
    "Outcome",
    "PairingError",
    "RecordError",
    "Records",
    "Result",
    "SizeError",
    "StoreError",
    "StructuredMeta",
    "UnknownLanguageError",
    "UnknownNameError",
    "__version__",
    "distances",
    "fit",
    "fit_mixed",
    "gains",
    "language_kernel",
    "meta",
    "meta_analyze",
    "multiverse",
    "power",
    "predict",
    "read",
    "resolve",
    "scale",
    "sources",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'crosslift' has no attribute '{name}'")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
