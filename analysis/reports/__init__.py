"""Reports: notebooks that are executed and written as pages that need no network.

A notebook is a jupytext percent script: parameters, calls into this package, and prose. Its prose does not contain
numbers: it names those that the code records, and is rendered from the ``numbers.json`` that the same run wrote.

May import: plots, questions, claims, meta, outcomes, records, store, languages, mixed, formulas, core.
"""

from __future__ import annotations

from .numbers import Numbers, Value
from .session import Session, begin

__all__ = ["Numbers", "Session", "Value", "begin"]
