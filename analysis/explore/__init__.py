"""A local page for the same fits: choose, look at the answer, and copy the command line.

May import: present, reports, plots, questions, claims, meta, outcomes, records, store, languages, mixed, formulas,
core.
"""

from __future__ import annotations

from .app import create_app
from .question import Question

__all__ = ["Question", "create_app"]
