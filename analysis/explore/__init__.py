"""A local page over the same fits: choose, look, and take the command line along."""

from __future__ import annotations

from .app import create_app
from .question import Question

__all__ = ["Question", "create_app"]
