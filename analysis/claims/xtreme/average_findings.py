"""What else the rows behind an average gain say: shares, leaving a task out, other versions, other publications."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from ...core.confidence import CONFIDENCE
from ..numbers.intervals import Interval, fixed, rounded, signed, total
from .partial_averages import Sum, Tables, baseline_of, implied_pos
from .printed_scores import PRINTED, QUESTIONS, TASKS, Cells, names


def findings(tables: Tables, main: Sum, claimed: Interval) -> Iterator[str]:
    """Sentences on the first reading, `main`, and on the tables."""
    gains = {task: gain.center for task, gain in main.gains.items()}
    values = list(gains.values())
    low, high = interval_over_tasks(values)
    yield (
        f"Without {names(main.missing)} the gain is {fixed(_mean(values), 2)} points, {CONFIDENCE:.0%} interval over "
        f"{len(values)} tasks {signed(low, 1)} to {signed(high, 1)} (Student's t)."
    )
    left = {task: _mean([gains[other] for other in gains if other != task]) for task in gains}
    lowest = min(left, key=lambda task: left[task])
    yield (
        f"Leaving one task out, it is {fixed(min(left.values()), 2)} to {fixed(max(left.values()), 2)}; least without "
        f"{PRINTED[lowest]}, which gains {signed(float(gains[lowest]), 1)}."
    )
    if main.missing:
        needed = main.needed(claimed)
        whole = claimed.times(1 / main.weight)
        yield (
            f"If {claimed.middle:.1f} holds, {names(main.missing)} carry {_share(needed, whole)} of the summed gain"
            + (f", {PRINTED['tydiqa']} {_share(main.gains['tydiqa'], whole)}" if "tydiqa" in main.gains else "")
            + "."
        )
        bases = [base for task in main.missing if (base := baseline_of(tables, task)) is not None]
        if len(bases) == len(main.missing):
            yield (
                f"They would then sum to {(total(bases) + needed).text(1)}, from {total(bases).middle:.1f} without "
                "intermediate task."
            )
    if negative := [PRINTED[task] for task, gain in main.gains.items() if gain.high < 0]:
        yield (
            f"{', '.join(negative)} fell: the best intermediate task is not always as good as none on test data, so "
            "no gain may be taken to be at least zero."
        )
    yield from _baseline_findings(tables)
    yield from _second_version(main, claimed)
    yield from _publications(tables)
    yield from _printed_averages(tables.first)


def _baseline_findings(tables: Tables) -> Iterator[str]:
    """The average over nine tasks that is printed for the baseline tells which POS score went into it."""
    overall = tables.baseline.scores.get(("baseline", "AVG_task(9)", "average"))
    implied = implied_pos(tables.first)
    own = tables.first.score("baseline", "udpos")
    others = [_baseline_score(tables, task) for task in TASKS if task != "udpos"]
    if overall is None or implied is None or own is None or None in others:
        return
    rest = total([score for score in others if score is not None])
    for name, score in (("its table by task", own), ("its category's average", implied)):
        average = (rest + score).times(Fraction(1, len(TASKS)))
        fits = "fits" if average.meets(overall.interval) else "does not fit"
        yield (
            f"XLM-R's POS score by {name} ({score.text(1)}) gives an average over nine tasks of {average.text()}, "
            f"which {fits} the printed {overall.interval.middle:.1f}."
        )


def _baseline_score(tables: Tables, task: str) -> Interval | None:
    first = tables.first.score("baseline", task)
    return first if first is not None else tables.baseline.score("baseline", task)


def _second_version(main: Sum, claimed: Interval) -> Iterator[str]:
    """The abstract's first version printed another average of the same rows."""
    from ...records.bundled import load

    frame = load("phang2020_x_stilts")
    average = frame["target_task"].str.startswith("XTREME overall").fillna(False)
    for _, row in frame[average & frame["gain"].notna()].iterrows():
        printed = rounded(float(row["gain"]), 1)
        if printed == claimed or not main.missing:
            continue
        needed = main.needed(printed)
        both = "both can hold" if needed.overlaps(main.needed(claimed)) else "both cannot hold of the same rows"
        yield (
            f"{row['condition']} prints {printed.middle:.1f} in place of {claimed.middle:.1f}: {names(main.missing)} "
            f"would have to gain {needed.text(1)}; {both}."
        )


def _publications(tables: Tables) -> Iterator[str]:
    """Where two publications print the row of X-STILTs differently."""
    differ = []
    for task in TASKS:
        first, second = (
            cells.score("intermediate", task, "f1" if task in QUESTIONS else "mean")
            for cells in (tables.first, tables.second)
        )
        if first is not None and second is not None and not first.overlaps(second):
            differ.append(f"{PRINTED[task]} {first.middle:.1f} and {second.middle:.1f}")
    if differ:
        yield f"The publications print the row of X-STILTs differently: {', '.join(differ)}."


def _printed_averages(cells: Cells) -> Iterator[str]:
    """The averages that a publication prints itself."""
    for name, words in (("AVG_task(7)", "seven tasks"), ("AVG_category(3)", "three groups")):
        gain = cells.gain(name)
        if gain is not None:
            yield f"The averages over {words} that {cells.publication} prints differ by {gain.text(1)} points."


def interval_over_tasks(values: Sequence[Fraction]) -> tuple[float, float]:
    """Student's interval for the mean over tasks taken as a sample; infinite for fewer than two."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return -math.inf, math.inf
    centre = _mean(values)
    error = math.sqrt(sum((value - centre) ** 2 for value in values) / (n - 1) / n)
    reach = float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    return float(centre) - reach, float(centre) + reach


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _share(part: Interval, whole: Interval) -> str:
    return f"{float(part.low / whole.high):.0%} to {float(part.high / whole.low):.0%}"
