"""Classes of pairs of texts."""

from __future__ import annotations

from collections.abc import Sequence

from .classification import Classification
from .examples import Examples


class Pair(Classification):
    """One class for each pair, whose texts are read together."""

    fields = ("first", "second")

    def texts(self, examples: Examples) -> tuple[Sequence[str], Sequence[str] | None]:
        """Both texts of each pair."""
        return examples.fields["first"], examples.fields["second"]


KIND = Pair()
