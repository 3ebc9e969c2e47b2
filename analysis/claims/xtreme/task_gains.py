"""Claims about single target tasks: TyDiQA, XNLI, and the two retrieval tasks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from ..numbers.intervals import Interval, signed, total
from ..registry import Claim, registry
from ..verdicts import FAILS, NO_DATA, OPEN, Check, Evidence, Reading
from .partial_averages import Tables, bundled_tables, summed
from .printed_scores import PRINTED, RETRIEVAL, names

if TYPE_CHECKING:
    import pandas as pd

#: Two-sided 95% point of the normal distribution.
TWO_SIDED = 1.959964
ZERO = Fraction(0)


def check_tydiqa_gain(claim: Claim, tables: Tables | None = None) -> Check:
    """TyDiQA gains from many intermediate tasks: at the very least, from the best one."""
    tables = tables or bundled_tables()
    found: list[Reading] = []
    for cells in (tables.first, tables.second):
        for metric, words in (("f1", "F1"), ("em", "EM")):
            gain = cells.gain("tydiqa", metric)
            if gain is not None:
                status = OPEN if gain.high > ZERO else FAILS
                name = f"{cells.publication}: best intermediate task, {words}"
                found.append(Reading(name, status, gain, "others must gain too"))
    if not found:
        return Check((Reading("best intermediate task", NO_DATA),), f"no gain is bundled; {claim.settlement}")
    text = ", ".join(f"{reading.recomputed.text(1)}" for reading in found if reading.recomputed)
    return Check(
        tuple(found),
        f"the best intermediate task gains {_range(found)}, but other intermediate tasks are not printed; "
        + claim.settlement,
        tuple(_evidence(tables, "tydiqa", ("f1", "em"))),
        f"best: {text}" if len(found) == 1 else f"best: {_range(found)}",
    )


def check_xnli_gain(claim: Claim, tables: Tables | None = None, items: int | None = None) -> Check:
    """XNLI gains nothing: from the best intermediate task, beyond sampling error, or on average over all of them.

    The sampling error of a difference of two accuracies over the same items is at most that of independent samples
    (unless the systems err on different items more often than by chance); the translations of one item count as one.
    """
    tables = tables or bundled_tables()
    items = items or items_of("xnli")
    found: list[Reading] = []
    for cells in (tables.first, tables.second):
        gain = cells.gain("xnli", "acc")
        before, after = (cells.score(method, "xnli") for method in ("baseline", "intermediate"))
        if gain is None or before is None or after is None:
            continue
        literal = FAILS if gain.low > ZERO else OPEN
        found.append(Reading(f"{cells.publication}: not even the best one gains", literal, gain))
        error = TWO_SIDED * 100 * math.sqrt(sum(binomial(s.middle) for s in (before, after)) / items)
        within = OPEN if gain.low <= Fraction(error) else FAILS
        name = f"{cells.publication}: the best one gains within sampling error"
        found.append(Reading(name, within, gain, f"less than {error:.1f} points"))
    found.append(Reading("no gain on average over the intermediate tasks", NO_DATA))
    gains = [reading for reading in found if reading.recomputed]
    if not gains:
        return Check(tuple(found), f"no gain is bundled; {claim.settlement}")
    inside = any(reading.status == OPEN for reading in gains[1::2])
    return Check(
        tuple(found),
        f"the best intermediate task gains {_range(gains)}, {'within' if inside else 'beyond'} sampling error; "
        f"what the others gain is not printed; {claim.settlement}",
        tuple(_evidence(tables, "xnli", ("acc",))),
        f"best: {_range(gains)}",
    )


def check_retrieval_gain(claim: Claim, tables: Tables | None = None) -> Check:
    """BUCC and Tatoeba gain much: no score with an intermediate task is bundled, so only what another claim implies."""
    tables = tables or bundled_tables()
    printed = [gain for task in RETRIEVAL if (gain := tables.first.gain(task)) is not None]
    if printed:
        status = OPEN if total(printed).high > ZERO else FAILS
        return Check(
            (Reading("best intermediate task", status, total(printed)),),
            f"the best intermediate task gains {total(printed).text(1)} in sum; {claim.settlement}",
        )
    average = registry().claims["average-gain"]
    needed = summed(tables.first, tables, "mean", False).needed(average.interval)
    lines = tuple(line for task in RETRIEVAL for line in tables.baseline.lines(task))
    bases = [s for task in RETRIEVAL if (s := tables.baseline.score("baseline", task)) is not None]
    return Check(
        (Reading("gain by intermediate task", NO_DATA),),
        f"no score with an intermediate task is bundled; an average gain of {average.value} implies, with F1 and EM "
        f"averaged, {needed.times(Fraction(1, 2)).text(1)} a task for the best; {claim.settlement}",
        (
            Evidence(
                tables.baseline.data,
                lines,
                f"XLM-R Large without intermediate task: {names(RETRIEVAL)} sum to {total(bases).middle:.1f}",
            ),
        ),
    )


def binomial(score: float) -> float:
    """Variance of one item's outcome at a score in points."""
    return score / 100 * (1 - score / 100)


def items_of(task: str, split: str = "test") -> int:
    """Items of ``task`` in one language; they are the same, translated, in the others."""
    from ...records.bundled import load

    frame: pd.DataFrame = load("test_set_sizes")
    sizes = frame.loc[(frame["task"] == task) & (frame["split"] == split), "n"].unique()
    if len(sizes) != 1:
        raise ValueError(f"{task} has {split} sets of {len(sizes)} sizes")
    return int(sizes[0])


def _range(readings: list[Reading]) -> str:
    found = [reading.recomputed for reading in readings if reading.recomputed]
    return Interval(min(item.low for item in found), max(item.high for item in found)).text(1)


def _evidence(tables: Tables, task: str, metrics: tuple[str, ...]) -> Iterator[Evidence]:
    for cells in (tables.first, tables.second):
        gains = [(metric, gain) for metric in metrics if (gain := cells.gain(task, metric)) is not None]
        if gains:
            text = ", ".join(f"{metric} {signed(gain.middle, 1)}" for metric, gain in gains)
            yield Evidence(cells.data, cells.lines(task), f"{PRINTED[task]}, X-STILTs over XLM-R Large: {text}")
