"""The smallest number of random draws that a result may rest on."""

from __future__ import annotations

from .errors import CrossliftError

#: With fewer draws a 95% interval would be just the two most extreme draws.
FEWEST_DRAWS = 99


def check_counts(draws: dict[str, int | None]) -> None:
    """Refuse numbers of draws that are too small, before any data are read."""
    for option, count in draws.items():
        if count is not None and count < FEWEST_DRAWS:
            raise CrossliftError(
                f"{option} {count} is too few for an interval or a p value.", f"Ask for {FEWEST_DRAWS} or more."
            )
