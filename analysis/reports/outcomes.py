"""Which outcomes some data can give, for reports that take the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..core.errors import CrossliftError
from ..outcomes.build import Options, build_outcome
from ..records import bundled as datasets
from ..records.read import read_inputs

#: Gaps first: every run with English has them.
BOTH = ("gap", "gain")


def default_sets(data: Sequence[str], outcomes: Sequence[str] = BOTH) -> Sequence[str]:
    """``data``, or the bundled sets that give ``outcomes``."""
    return data or datasets.default_data("gain" if set(outcomes) == {"gain"} else "gap")


def possible(data: Sequence[str], mapping: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Outcomes that ``data`` can give, read as :func:`analysis.read_inputs` does; all for the bundled results.

    Raises
    ------
    CrossliftError
        If there is none, with the reason for each.
    """
    if not data:
        return BOTH
    records = read_inputs(data, mapping).records
    found, reasons = [], []
    for outcome in BOTH:
        try:
            build_outcome(records, Options(outcome=outcome))
        except CrossliftError as error:
            reasons.append(f"{outcome}: {error.message}")
        else:
            found.append(outcome)
    if not found:
        raise CrossliftError("the data give neither gaps nor gains.", " ".join(reasons))
    return tuple(found)
