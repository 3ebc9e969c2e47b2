"""Checks that only a filled template allows: what each would settle, from a user's own copy of the tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from ..numbers.intervals import Interval, exact, mean
from ..registry import Claim
from ..verdicts import FAILS, HOLDS, NO_DATA, OPEN, Check, Evidence, Reading
from .average_gain import METRICS, check_average_gain, judge
from .design_facts import verdict_on
from .partial_averages import Tables, bundled_tables, summed
from .printed_scores import PRINTED, RETRIEVAL, TASKS, Cells
from .task_gains import TWO_SIDED, binomial, items_of
from .template import ALL, BEST, MLM, NONE, TRANSLATED
from .user_tables import Supplied

ZERO = Fraction(0)
DEV, TEST = "validation", "test"
OwnCheck = Callable[[Claim, Supplied], Check | None]


def average_gain(claim: Claim, own: Supplied) -> Check | None:
    """The average gain of the best intermediate task for each target: on test data, and on development data."""
    readings: list[Reading] = []
    reason = recomputed = ""
    findings: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    test = own.cells(TEST, BEST)
    if test.scores:
        joined = _with_bundled(test)
        check = check_average_gain(claim, Tables(joined, Cells(own.name, {}), bundled_tables().baseline))
        readings += check.readings
        reason, recomputed, findings, evidence = check.reason, check.recomputed, check.findings, _evidence(own, TEST)
    best = _best_of_each(own)
    if best is not None:
        for metric, words in METRICS.items():
            found = summed(best, _tables(own, best), metric, False)
            if found.gains and not found.missing:
                readings.append(
                    judge(f"{own.name}: development, best task for each target, {words}", found, claim.interval)
                )
    if not readings:
        return None
    return Check(tuple(readings), reason or _values(readings), evidence or _evidence(own, DEV), recomputed, findings)


def _with_bundled(test: Cells) -> Cells:
    """A user's test scores; what they lack is filled from the bundled tables of the same rows."""
    bundled = bundled_tables()
    baselines = {key: cell for key, cell in bundled.baseline.scores.items() if key[0] == "baseline"}
    filled = {**baselines, **bundled.first.scores, **test.scores}
    whole = all(test.gain(task) is not None for task in TASKS)
    return Cells(test.data if whole else f"{test.data} with the bundled rows", filled)


def development_gain(claim: Claim, own: Supplied) -> Check | None:
    """The mean gain over target tasks of one intermediate task; for an ordering, above that of every other."""
    wanted = claim.scope.get("intermediate", ALL)
    names = own.intermediate(DEV)
    chosen = [name for name in names if name == wanted or name.lower().startswith(f"{wanted.lower()} ")]
    readings: list[Reading] = []
    for name in chosen:
        for by_groups in (False, True):
            for metric, words in METRICS.items():
                cells = own.cells(DEV, name)
                found = summed(cells, _tables(own, cells), metric, by_groups)
                if not found.gains:
                    continue
                label = f"{own.name}: {name}, {words}, mean of {'groups' if by_groups else 'tasks'}"
                reading = judge(label, found, claim.interval)
                if claim.kind == "ordering" and reading.status != FAILS:
                    reading = _above_all(own, name, metric, by_groups, reading)
                readings.append(reading)
    if not readings:
        return None
    return Check(tuple(readings), _values(readings), _evidence(own, DEV), _recomputed(readings))


def _above_all(own: Supplied, name: str, metric: str, by_groups: bool, reading: Reading) -> Reading:
    """The reading, unless another intermediate task gains as much; open while one has cells missing."""
    mine = own.cells(DEV, name)
    known = summed(mine, _tables(own, mine), metric, by_groups)
    open_others = []
    for other in own.intermediate(DEV):
        if other == name:
            continue
        cells = own.cells(DEV, other)
        found = summed(cells, _tables(own, cells), metric, by_groups)
        if found.missing or known.missing:
            open_others.append(other)
        elif found.known.low >= known.known.high:
            return replace(reading, status=FAILS, needs=f"{other} gains {found.known.text()}")
    if open_others:
        return replace(reading, status=OPEN, needs=f"cells of {', '.join(open_others)} are missing")
    return reading


def retrieval(claim: Claim, own: Supplied) -> Check | None:
    """BUCC and Tatoeba gain from all intermediate tasks but one at most, and more than the other target tasks."""
    gains = {task: _gains(own, task) for task in RETRIEVAL}
    if not any(gains.values()):
        return None
    readings = [
        _share(f"{own.name}: {PRINTED[task]} gains from all intermediate tasks but one at most", found, len(found) - 1)
        for task, found in gains.items()
        if found
    ]
    for task, found in gains.items():
        others = [gain for other in TASKS if other not in RETRIEVAL for gain in _gains(own, other).values()]
        if found and others:
            lead = mean(list(found.values())) - mean(others)
            name = f"{own.name}: {PRINTED[task]} gains more on average than the other target tasks"
            readings.append(Reading(name, _positive(lead), lead))
    return Check(tuple(readings), _values(readings), _evidence(own, DEV), _recomputed(readings))


def tydiqa(claim: Claim, own: Supplied) -> Check | None:
    """TyDiQA gains from more than half of the intermediate tasks, by F1 and by EM."""
    readings = [
        _share(f"{own.name}: gains from more than half of the intermediate tasks, {words}", found, len(found) // 2 + 1)
        for metric, words in (("f1", "F1"), ("em", "EM"))
        if (found := _gains(own, "tydiqa", metric))
    ]
    if not readings:
        return None
    return Check(tuple(readings), _values(readings), _evidence(own, DEV), _recomputed(readings))


def xnli(claim: Claim, own: Supplied) -> Check | None:
    """XNLI gains from no intermediate task: at all, beyond sampling error, or on average."""
    found = _gains(own, "xnli")
    if not found:
        return None
    low, high = (max(ends) for ends in zip(*((gain.low, gain.high) for gain in found.values()), strict=True))
    top = Interval(low, high)
    status = FAILS if top.low > ZERO else HOLDS if top.high <= ZERO else OPEN
    readings = [Reading(f"{own.name}: not even the best one gains", status, top)]
    before = own.cells(DEV, NONE).score("baseline", "xnli")
    if before is not None:
        shares = (before.middle, before.middle + top.middle)
        error = TWO_SIDED * 100 * math.sqrt(sum(binomial(score) for score in shares) / items_of("xnli", DEV))
        within = HOLDS if top.high <= Fraction(error) else FAILS if top.low > Fraction(error) else OPEN
        name = f"{own.name}: the best one gains within sampling error"
        readings.append(Reading(name, within, top, f"less than {error:.1f} points"))
    average = mean(list(found.values()))
    status = FAILS if average.low > ZERO else HOLDS if average.high <= ZERO else OPEN
    readings.append(Reading(f"{own.name}: no gain on average over the intermediate tasks", status, average))
    return Check(tuple(readings), _values(readings), _evidence(own, DEV), _recomputed(readings))


def english_beats(claim: Claim, own: Supplied, variant: str) -> Check | None:
    """Plain English training above a variant: on average over intermediate tasks, and for each of them."""
    leads: dict[str, Interval] = {}
    for name in own.intermediate(DEV, variant):
        plain, other = own.cells(DEV, name), own.cells(DEV, name, variant)
        pairs = [
            (a, b)
            for task in TASKS
            if (a := plain.score("intermediate", task)) is not None
            and (b := other.score("intermediate", task)) is not None
        ]
        if pairs:
            leads[name] = mean([a - b for a, b in pairs])
    if not leads:
        return None
    average = mean(list(leads.values()))
    readings = (
        Reading(f"{own.name}: above it on average over {len(leads)} intermediate tasks", _positive(average), average),
        _share(f"{own.name}: above it for every intermediate task", leads, len(leads)),
    )
    return Check(readings, _values(readings), _evidence(own, DEV), _recomputed(readings))


def state_of_the_art(claim: Claim, own: Supplied) -> Check | None:
    """The best models' average on test data above that of the best other system on the leaderboard."""
    if own.rival is None:
        return None
    cells = own.cells(TEST, BEST)
    scores = [score for task in TASKS if (score := cells.score("intermediate", task)) is not None]
    if len(scores) < len(TASKS):
        return Check((Reading(f"{own.name}: nine test scores", NO_DATA),), "test scores of some tasks are missing")
    lead = mean(scores) - own.rival.interval
    readings = (Reading(f"{own.name}: above the best other system", _positive(lead), lead),)
    evidence = (*_evidence(own, TEST), Evidence(own.name, (own.rival.line,), "best other system", own.sha256))
    return Check(readings, _values(readings), evidence, f"{lead.text(1)} above")


def size(claim: Claim, own: Supplied, name: str) -> Check | None:
    """Training examples as the user's table prints them."""
    if name not in own.sizes:
        return None
    number, line = own.sizes[name]
    reading = Reading(f"{own.name}: {name}", verdict_on(claim.interval, exact(number)), exact(number))
    evidence = (Evidence(own.name, (line,), f"{name} train: {number:,}", own.sha256),)
    return Check((reading,), f"the table prints {number:,}", evidence, f"{number:,}")


def intermediate_tasks(claim: Claim, own: Supplied) -> Check | None:
    """Intermediate tasks whose training size the table prints."""
    if not own.sizes:
        return None
    number = len(own.sizes)
    status = verdict_on(claim.interval, exact(number))
    if status == FAILS and number < int(claim.value or 0):
        status = OPEN  # the template may not be filled to the end
    lines = tuple(line for _, line in own.sizes.values())
    reading = Reading(f"{own.name}: intermediate tasks with a size", status, exact(number))
    evidence = (Evidence(own.name, lines, ", ".join(own.sizes), own.sha256),)
    if status == OPEN:
        return Check((reading,), f"the table has {number} so far", evidence)
    return Check((reading,), f"the table has {number}", evidence, str(number))


def source(claim: Claim, own: Supplied, tasks: Sequence[str], word: str) -> Check | None:
    """The source that the table names for each of ``tasks`` holds ``word``."""
    named = {task: own.sources[task] for task in tasks if task in own.sources}
    if not named:
        return None
    readings = tuple(
        Reading(f"{own.name}: {task}", HOLDS if word in text.lower() else FAILS) for task, (text, _) in named.items()
    )
    lines = tuple(line for _, line in named.values())
    text = ", ".join(f"{task}: {text}" for task, (text, _) in named.items())
    return Check(readings, text, (Evidence(own.name, lines, text, own.sha256),), text)


#: Claim → the check that a filled template allows.
OWN_CHECKS: Mapping[str, OwnCheck] = {
    "average-gain": average_gain,
    "dev-gain-squad": development_gain,
    "dev-gain-mnli": development_gain,
    "dev-gain-hellaswag": development_gain,
    "multitask-best": development_gain,
    "multitask-gain": development_gain,
    "retrieval-gain": retrieval,
    "tydiqa-gains": tydiqa,
    "xnli-no-gain": xnli,
    "english-beats-mlm": partial(english_beats, variant=MLM),
    "english-beats-translated": partial(english_beats, variant=TRANSLATED),
    "state-of-the-art": state_of_the_art,
    "anli-size": partial(size, name="ANLI+"),
    "mnli-size": partial(size, name="MNLI"),
    "nine-intermediate-tasks": intermediate_tasks,
    "qqp-source": partial(source, tasks=("QQP",), word="quora"),
    "squad-source": partial(source, tasks=("SQuAD v1.1", "SQuAD v2.0"), word="wikipedia"),
}


#: Claims about the paper's own table, which a size or source read from it settles whatever the public data sets have.
SETTLED_BY_USER = frozenset(("anli-size", "mnli-size", "qqp-source", "squad-source"))


def with_own_tables(claim: Claim, bundled: Check, own: Supplied) -> Check:
    """A bundled check joined with that of a user's tables.

    Where the user's tables decide, readings of the bundled data that only waited for them are settled and leave.
    """
    found = OWN_CHECKS[claim.id](claim, own) if claim.id in OWN_CHECKS else None
    if found is None:
        return bundled
    decided = any(reading.status in (HOLDS, FAILS) for reading in found.readings)
    kept = tuple(r for r in bundled.readings if not decided or r.status in (HOLDS, FAILS))
    if decided and claim.id in SETTLED_BY_USER:
        kept = ()
    evidence = tuple(
        replace(item, sha256=own.sha256) if item.data == own.name else item for item in found.evidence if item.lines
    )
    return Check(
        readings=(*found.readings, *kept),
        reason=f"{own.name}: {found.reason.removeprefix(own.name + ': ')}",
        evidence=(*evidence, *bundled.evidence),
        recomputed=found.recomputed or ("" if decided else bundled.recomputed),
        findings=(*found.findings, *(() if decided else bundled.findings)),
    )


def _tables(own: Supplied, cells: Cells) -> Tables:
    return Tables(cells, Cells(own.name, {}), bundled_tables().baseline)


def _gains(own: Supplied, task: str, metric: str = "mean") -> dict[str, Interval]:
    """Gain on development data by intermediate task, where both scores are printed."""
    found = {name: own.cells(DEV, name).gain(task, metric) for name in own.intermediate(DEV)}
    return {name: gain for name, gain in found.items() if gain is not None}


def _best_of_each(own: Supplied) -> Cells | None:
    """For each target task and metric the best single intermediate task on development data."""
    base = own.cells(DEV, NONE)
    scores = {key: cell for key, cell in base.scores.items() if key[0] == "baseline"}
    if not scores:
        return None
    for name in own.intermediate(DEV):
        for key, cell in own.cells(DEV, name).scores.items():
            if key[0] == "intermediate" and (key not in scores or cell.interval.high > scores[key].interval.high):
                scores[key] = cell
    return Cells(own.name, scores)


def _share(name: str, found: Mapping[str, Interval], least: int) -> Reading:
    """Whether at least ``least`` of the gains are above zero."""
    certain = sum(gain.low > ZERO for gain in found.values())
    possible = sum(gain.high > ZERO for gain in found.values())
    status = HOLDS if certain >= least else FAILS if possible < least else OPEN
    words = f"{certain} of {len(found)}" + (f", at most {possible}" if possible > certain else "")
    return Reading(name, status, None, words)


def _positive(lead: Interval) -> str:
    return HOLDS if lead.low > ZERO else FAILS if lead.high <= ZERO else OPEN


def _recomputed(readings: Sequence[Reading]) -> str:
    found = [reading.recomputed for reading in readings if reading.recomputed is not None]
    if not found:
        return ""
    return Interval(min(item.low for item in found), max(item.high for item in found)).text()


def _values(readings: Sequence[Reading]) -> str:
    def words() -> Iterator[str]:
        for reading in readings:
            figure = reading.recomputed.text() if reading.recomputed is not None else reading.needs
            yield f"{reading.name}: {reading.status}" + (f" ({figure})" if figure else "")

    return "; ".join(words())


def _evidence(own: Supplied, split: str) -> tuple[Evidence, ...]:
    lines = tuple(sorted(cell.line for place, cell in own.scores.items() if place[1] == split))
    return (Evidence(own.name, lines, f"{len(lines)} {split} scores", own.sha256),) if lines else ()
