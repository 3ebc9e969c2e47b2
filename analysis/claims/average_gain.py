"""The average gain on XTREME: what two publications' test rows say, and what the tasks they leave out must have given.

The average over nine tasks is, by definition, a weighted sum of nine gains. Publications print the rows of XLM-R Large
and of X-STILTs for seven and six of them; the weighted sum that the rest must contribute for the claim to hold follows,
and the scale (no score exceeds 100) says whether it can.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .cells import GROUPS, MT5, PRINTED, QUESTIONS, REMBERT, RETRIEVAL, TASKS, VECO, Cells, read_cells
from .intervals import Interval, mean, rounded, total
from .registry import Claim
from .verdicts import FAILS, HOLDS, NO_DATA, OPEN, Check, Evidence, Reading

TOP = Fraction(100)
METRICS = {"mean": "mean of F1 and EM", "f1": "F1", "em": "EM"}
#: Level of the interval over tasks.
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Tables:
    """What the average is built from; ``baseline`` gives the baselines that the two publications leave out."""

    first: Cells
    second: Cells
    baseline: Cells


@dataclass(frozen=True, slots=True)
class Sum:
    """Weighted sum of the gains that are printed, the tasks that are not, and the range of these on the scale.

    ``weight`` is that of each missing task, and ``possible`` the range of their plain sum; where their weights differ
    ``weight`` is 1 and both speak of their weighted sum.
    """

    known: Interval
    gains: Mapping[str, Interval]
    missing: tuple[str, ...]
    weight: Fraction
    possible: Interval

    def needed(self, claimed: Interval) -> Interval:
        """Sum of the missing gains for the average to be ``claimed``."""
        return (claimed - self.known).times(1 / self.weight)


def weights(by_groups: bool) -> dict[str, Fraction]:
    """Weight of each task: 1/9, or an equal share of its group's quarter."""
    if not by_groups:
        return dict.fromkeys(TASKS, Fraction(1, len(TASKS)))
    return {task: Fraction(1, len(GROUPS) * len(tasks)) for tasks in GROUPS.values() for task in tasks}


def summed(cells: Cells, tables: Tables, metric: str, by_groups: bool, category_pos: bool = False) -> Sum:
    """Add up the gains that ``cells`` prints. ``category_pos`` takes the POS baseline from the category's average."""
    share = weights(by_groups)
    gains = {task: gain for task in TASKS if (gain := cells.gain(task, metric)) is not None}
    if category_pos:
        before, after = implied_pos(cells), cells.score("intermediate", "udpos")
        if before is not None and after is not None:
            gains["udpos"] = after - before
    missing = tuple(task for task in TASKS if task not in gains)
    known = total([gain.times(share[task]) for task, gain in gains.items()])
    equal = {share[task] for task in missing}
    weight = equal.pop() if len(equal) == 1 else Fraction(1)
    rooms = [_room(tables, task).times(share[task] / weight) for task in missing]
    return Sum(known, gains, missing, weight, total(rooms))


def _room(tables: Tables, task: str) -> Interval:
    """What a task can gain or lose on a scale from 0 to 100, given its baseline where that is printed."""
    base = _baseline(tables, task)
    return Interval(-TOP, TOP) if base is None else Interval(-base.high, TOP - base.low)


def _baseline(tables: Tables, task: str) -> Interval | None:
    return next(
        (s for cells in (tables.first, tables.baseline) if (s := cells.score("baseline", task)) is not None), None
    )


def implied_pos(cells: Cells) -> Interval | None:
    """The POS baseline that the printed average of structured prediction implies, given the printed NER."""
    category = cells.scores.get(("baseline", "CATEGORY structured prediction", "average"))
    ner = cells.score("baseline", "panx")
    return None if category is None or ner is None else category.interval.times(2) - ner


def readings(tables: Tables, claimed: Interval) -> Iterator[tuple[Reading, Sum]]:
    """Every defensible reading: publication, metric of question answering, average, POS baseline."""
    for cells, metrics in ((tables.first, tuple(METRICS)), (tables.second, ("f1",))):
        for metric in metrics:
            for by_groups in (False, True):
                for category_pos in (False, True) if implied_pos(cells) is not None else (False,):
                    found = summed(cells, tables, metric, by_groups, category_pos)
                    if not found.gains:
                        continue
                    name = ", ".join(
                        [
                            f"{cells.publication}: {len(found.gains)} tasks",
                            METRICS[metric],
                            "mean of groups" if by_groups else "mean of tasks",
                            *(["POS baseline from its category"] if category_pos else []),
                        ]
                    )
                    yield judge(name, found, claimed), found


def judge(name: str, found: Sum, claimed: Interval) -> Reading:
    """Whether the printed gains and the room of the missing ones allow ``claimed``."""
    if not found.missing:
        if not found.known.meets(claimed):
            return Reading(name, FAILS, found.known)
        # A difference of two cells as finely rounded as the claim is twice as wide as the claim.
        coarse = found.known.width > 2 * claimed.width
        needs = "cells are rounded too coarsely to tell" if coarse else ""
        return Reading(name, OPEN if coarse else HOLDS, found.known, needs)
    needed = found.needed(claimed)
    range_of_mean = found.known + found.possible.times(found.weight)
    words = f"{' + '.join(PRINTED[task] for task in found.missing)} gain {needed.text(1)} together"
    if not range_of_mean.meets(claimed):
        return Reading(name, FAILS, range_of_mean, f"{words}: the scale has no room for it")
    return Reading(name, OPEN, range_of_mean, words)


def bundled_tables() -> Tables:
    """The publications in ``data/published``."""
    return Tables(read_cells(REMBERT), read_cells(MT5), read_cells(VECO))


def check_average_gain(claim: Claim, tables: Tables | None = None) -> Check:
    """Check an average gain over XTREME's nine tasks under every reading."""
    tables = tables or bundled_tables()
    claimed = claim.interval
    pairs = list(readings(tables, claimed))
    if not pairs:
        return Check((Reading("as worded", NO_DATA),), f"no gain is printed; settled by: {claim.settled_by}")
    main = pairs[0][1]
    found = tuple(reading for reading, _ in pairs)
    known = mean(list(main.gains.values()))
    reason = (
        f"{len(main.gains)} of {len(TASKS)} tasks are printed and gain {known.text()} on average; "
        f"{main_need(pairs, main, claimed)}"
    )
    return Check(
        readings=found,
        reason=reason,
        evidence=tuple(_evidence(tables)),
        recomputed=f"{known.text()} without retrieval" if set(main.missing) == set(RETRIEVAL) else known.text(),
        findings=tuple(_findings(tables, main, claimed)),
    )


def main_need(pairs: Sequence[tuple[Reading, Sum]], main: Sum, claimed: Interval) -> str:
    """What the tasks that the first reading lacks must give, over all readings that lack the same; or that none is."""
    if not main.missing:
        return "none is missing"
    needed = [found.needed(claimed) for _, found in pairs if found.missing == main.missing]
    whole = Interval(min(item.low for item in needed), max(item.high for item in needed))
    return (
        f"{_names(main.missing)} must gain {whole.text(1)} together over {len(needed)} readings "
        f"({main.needed(claimed).text(1)} under the first), of {float(main.possible.high):.1f} at most"
    )


def _evidence(tables: Tables) -> Iterator[Evidence]:
    for cells, metric in ((tables.first, "mean"), (tables.second, "f1")):
        gains = {task: gain for task in TASKS if (gain := cells.gain(task, metric)) is not None}
        lines = tuple(sorted(line for task in gains for line in cells.lines(task)))
        text = ", ".join(f"{PRINTED[task]} {_signed(gain.middle)}" for task, gain in gains.items())
        yield Evidence(cells.data, lines, f"gain of X-STILTs over XLM-R Large ({METRICS[metric]}): {text}")
    cells = tables.baseline
    printed = {task: s for task in RETRIEVAL if (s := cells.score("baseline", task)) is not None}
    if printed:
        lines = tuple(line for task in printed for line in cells.lines(task))
        text = ", ".join(f"{PRINTED[task]} {score.middle:.1f}" for task, score in printed.items())
        yield Evidence(cells.data, lines, f"XLM-R Large without intermediate task: {text}")


def _findings(tables: Tables, main: Sum, claimed: Interval) -> Iterator[str]:
    """What else the rows say, one sentence each."""
    gains = {task: gain.middle for task, gain in main.gains.items()}
    values = list(gains.values())
    low, high = interval_over_tasks(values)
    yield (
        f"Without {_names(main.missing)} the gain is {_mean(values):.2f} points, {LEVEL:.0%} interval over "
        f"{len(values)} tasks {_signed(low, 1)} to {_signed(high, 1)} (Student's t)."
    )
    left = {task: _mean([gains[other] for other in gains if other != task]) for task in gains}
    lowest = min(left, key=lambda task: left[task])
    yield (
        f"Leaving one task out, it is {min(left.values()):.2f} to {max(left.values()):.2f}; least without "
        f"{PRINTED[lowest]}, which gains {_signed(gains[lowest], 1)}."
    )
    if main.missing:
        needed = main.needed(claimed)
        whole = claimed.times(1 / main.weight)
        yield (
            f"If {claimed.middle:.1f} holds, {_names(main.missing)} carry {_share(needed, whole)} of the summed gain"
            + (f", {PRINTED['tydiqa']} {_share(main.gains['tydiqa'], whole)}" if "tydiqa" in main.gains else "")
            + "."
        )
        bases = [base for task in main.missing if (base := _baseline(tables, task)) is not None]
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
    from ..datasets import load

    frame = load("phang2020_x_stilts")
    average = frame["target_task"].str.startswith("XTREME overall").fillna(False)
    for _, row in frame[average & frame["gain"].notna()].iterrows():
        printed = rounded(float(row["gain"]), 1)
        if printed == claimed or not main.missing:
            continue
        needed = main.needed(printed)
        both = "both can hold" if needed.overlaps(main.needed(claimed)) else "both cannot hold of the same rows"
        yield (
            f"{row['condition']} prints {printed.middle:.1f} in place of {claimed.middle:.1f}: {_names(main.missing)} "
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


def interval_over_tasks(values: Sequence[float]) -> tuple[float, float]:
    """Student's interval for the mean over tasks taken as a sample; infinite for fewer than two."""
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return -math.inf, math.inf
    centre = _mean(values)
    error = math.sqrt(sum((value - centre) ** 2 for value in values) / (n - 1) / n)
    reach = float(t.ppf((1 + LEVEL) / 2, n - 1)) * error
    return centre - reach, centre + reach


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _names(tasks: Sequence[str]) -> str:
    return " and ".join(PRINTED[task] for task in tasks)


def _share(part: Interval, whole: Interval) -> str:
    return f"{float(part.low / whole.high):.0%} to {float(part.high / whole.low):.0%}"


def _signed(value: float, digits: int = 2) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")
