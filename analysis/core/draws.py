"""How many random draws a result may rest on."""

from __future__ import annotations

from .errors import CrossliftError

#: Draws under which a 95% interval would be the extremes themselves.
FEWEST_DRAWS = 99


def check_counts(draws: dict[str, int | None]) -> None:
    """Refuse numbers of draws that say nothing, before any data are read."""
    for option, count in draws.items():
        if count is not None and count < FEWEST_DRAWS:
            raise CrossliftError(
                f"{option} {count} is too few for an interval or a p value.", f"Ask for {FEWEST_DRAWS} or more."
            )
