"""The average gain on XTREME: what two publications' test rows say, and what the tasks they leave out must have given.

The average over nine tasks is, by definition, a weighted sum of nine gains. Publications print the rows of XLM-R Large
and of X-STILTs for seven and six of them; the weighted sum that the rest must contribute for the claim to hold follows,
and the scale (no score exceeds 100) says whether it can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..fit import fit
from ..numbers.intervals import Interval, mean, signed
from ..registry import Claim
from ..verdicts import FAILS, NO_DATA, OPEN, Check, Evidence, Reading
from .average_findings import findings
from .partial_averages import Sum, Tables, bundled_tables, implied_pos, summed
from .printed_scores import PRINTED, RETRIEVAL, TASKS, names

METRICS = {"mean": "mean of F1 and EM", "f1": "F1", "em": "EM"}


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
        return fit(name, found.known, claimed)
    needed = found.needed(claimed)
    range_of_mean = found.known + found.possible.times(found.weight)
    words = f"{' + '.join(PRINTED[task] for task in found.missing)} gain {needed.text(1)} together"
    if not range_of_mean.meets(claimed):
        return Reading(name, FAILS, range_of_mean, f"{words}: the scale has no room for it")
    return Reading(name, OPEN, range_of_mean, words)


def check_average_gain(claim: Claim, tables: Tables | None = None) -> Check:
    """Check an average gain over XTREME's nine tasks under every reading."""
    tables = tables or bundled_tables()
    claimed = claim.interval
    pairs = list(readings(tables, claimed))
    if not pairs:
        return Check((Reading("as worded", NO_DATA),), f"no gain is printed; {claim.settlement}")
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
        findings=tuple(findings(tables, main, claimed)),
    )


def main_need(pairs: Sequence[tuple[Reading, Sum]], main: Sum, claimed: Interval) -> str:
    """What the tasks that the first reading lacks must give, over all readings that lack the same; or that none is."""
    if not main.missing:
        return "none is missing"
    needed = [found.needed(claimed) for _, found in pairs if found.missing == main.missing]
    whole = Interval(min(item.low for item in needed), max(item.high for item in needed))
    return (
        f"{names(main.missing)} must gain {whole.text(1)} together over {len(needed)} readings "
        f"({main.needed(claimed).text(1)} under the first), of {float(main.possible.high):.1f} at most"
    )


def _evidence(tables: Tables) -> Iterator[Evidence]:
    for cells, metric in ((tables.first, "mean"), (tables.second, "f1")):
        gains = {task: gain for task in TASKS if (gain := cells.gain(task, metric)) is not None}
        lines = tuple(sorted(line for task in gains for line in cells.lines(task)))
        text = ", ".join(f"{PRINTED[task]} {signed(gain.middle)}" for task, gain in gains.items())
        yield Evidence(cells.data, lines, f"gain of X-STILTs over XLM-R Large ({METRICS[metric]}): {text}")
    cells = tables.baseline
    printed = {task: s for task in RETRIEVAL if (s := cells.score("baseline", task)) is not None}
    if printed:
        lines = tuple(line for task in printed for line in cells.lines(task))
        text = ", ".join(f"{PRINTED[task]} {score.middle:.1f}" for task, score in printed.items())
        yield Evidence(cells.data, lines, f"XLM-R Large without intermediate task: {text}")
