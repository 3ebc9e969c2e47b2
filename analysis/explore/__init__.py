"""A local page for the same fits: choose, look at the answer, and copy the command line."""

from __future__ import annotations

from .app import create_app
from .question import Question

__all__ = ["Question", "create_app"]
