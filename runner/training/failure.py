"""What went wrong with one stage."""

from __future__ import annotations

from analysis.core.errors import CrossliftError


class StageError(CrossliftError):
    """A stage that could not be finished: the sweep goes on without it and what follows from it."""
