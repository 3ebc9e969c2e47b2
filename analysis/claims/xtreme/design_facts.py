"""Claims about the design of a study and about data sets: counts and sizes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...records.bundled import load
from ..numbers.intervals import Interval, exact
from ..registry import Claim
from ..verdicts import FAILS, HOLDS, NO_DATA, OPEN, Check, Evidence, Reading
from .printed_scores import MODEL, MT5, PRINTED, REMBERT, TASKS, VECO, Cells, line_of, read_cells

if TYPE_CHECKING:
    import pandas as pd

SIZES, TEST_SETS, ABSTRACTS = "intermediate_task_sizes", "test_set_sizes", "phang2020_x_stilts"
FACTS = "dataset_facts"
#: The version of the abstract that the documents cite; others are notes.
CITED = "2005.13013v2"
#: Names of XTREME's tasks in the table of test sets, where they differ.
TEST_SET_NAMES = {"tydiqa": "tydiqa-goldp"}
#: Parts of ANLI+: the training data of all rounds of ANLI with those of MNLI and SNLI.
ANLI_PARTS = ("anli", "mnli", "snli")


def _lines(rows: pd.DataFrame) -> tuple[int, ...]:
    """Lines of the file that rows of a bundled table stand on."""
    return tuple(line_of(index) for index in rows.index)


def verdict_on(claimed: Interval, found: Interval) -> str:
    """Whether a recomputed figure is the claimed one."""
    return HOLDS if found.meets(claimed) else FAILS


def check_mnli_size(claim: Claim, sizes: pd.DataFrame | None = None) -> Check:
    """Training examples of MNLI."""
    frame = load(SIZES) if sizes is None else sizes
    rows = frame[(frame["task"] == "mnli") & (frame["split"] == "train")]
    if rows.empty:
        return missing(claim)
    size = int(rows["n"].sum())
    return Check(
        (Reading("public training set", verdict_on(claim.interval, exact(size)), exact(size)),),
        f"the public training set has {size:,}",
        (Evidence(SIZES, _lines(rows), f"mnli train: {size:,}"),),
        f"{size:,}",
    )


def check_anli_size(claim: Claim, sizes: pd.DataFrame | None = None) -> Check:
    """Training examples of ANLI+, as the sum of its parts, with or without the pairs that have no label."""
    frame = load(SIZES) if sizes is None else sizes
    training = frame["split"].str.startswith("train")
    rows = frame[frame["task"].isin(ANLI_PARTS) & training]
    if set(rows["task"]) != set(ANLI_PARTS):
        return missing(claim)
    whole = int(rows["n"].sum())
    by_task = rows.groupby("task")["n"].sum()
    text = " + ".join(f"{task} {int(by_task[task]):,}" for task in ANLI_PARTS)
    evidence = (Evidence(SIZES, _lines(rows), f"training sets: {text} = {whole:,}"),)
    unlabelled, line = _unlabelled()
    found = []
    for name, size, left_out in (
        ("all rounds of ANLI with MNLI and SNLI, pairs with a label", whole - unlabelled, f", less {unlabelled:,}"),
        ("all rounds of ANLI with MNLI and SNLI, every pair", whole, ""),
    ):
        found.append(Reading(name, verdict_on(claim.interval, exact(size)), exact(size)))
        if found[-1].status == HOLDS:
            why = f" pairs of SNLI without a label = {size:,}" if left_out else ""
            facts = (Evidence(FACTS, (line,), f"SNLI: {unlabelled:,} training pairs without a label"),)
            return Check((found[-1],), f"{text} = {whole:,}{left_out}{why}", evidence + facts, f"{size:,}")
    reason = f"{text} = {whole:,}, or {whole - unlabelled:,} without SNLI's {unlabelled:,} pairs that have no label"
    return Check(tuple(found), reason, evidence, f"{whole - unlabelled:,} or {whole:,}")


def _unlabelled() -> tuple[int, int]:
    """Training pairs of SNLI without a label, and the line that says so."""
    facts = load(FACTS)
    rows = facts[(facts["dataset"] == "snli") & (facts["fact"] == "train pairs without a label")]
    return int(rows["value"].iloc[0]), line_of(rows.index[0])


def check_dataset_source(claim: Claim) -> Check:
    """What a data set is made from, by the paper that presents it: the claim names the source."""
    facts = load(FACTS)
    wanted = [name.strip() for name in claim.scope.get("tasks", "").split(",")]
    rows = facts[facts["dataset"].isin(wanted) & (facts["fact"] == "source")]
    if set(rows["dataset"]) != set(wanted):
        return missing(claim)
    readings = tuple(
        Reading(str(row["dataset"]), HOLDS if str(row["value"]).lower() in claim.statement.lower() else FAILS)
        for _, row in rows.iterrows()
    )
    text = "; ".join(f"{row['dataset']} is made from {row['value']} ({row['source']})" for _, row in rows.iterrows())
    return Check(readings, text, (Evidence(FACTS, _lines(rows), text),), ", ".join(sorted(set(rows["value"]))))


def check_languages_of_a_task(claim: Claim, sizes: pd.DataFrame | None = None) -> Check:
    """Languages of the XTREME task that has most."""
    frame = load(TEST_SETS) if sizes is None else sizes
    names = {TEST_SET_NAMES.get(task, task): task for task in TASKS}
    rows = frame[frame["task"].isin(list(names)) & (frame["language"] != "mul")]
    rows = rows[rows["source"].str.contains("datasets/xtreme/") | (rows["task"] == "tydiqa-goldp")]
    if rows.empty:
        return missing(claim)
    counts = rows.groupby("task")["language"].nunique().sort_values(ascending=False)
    most, task = int(counts.iloc[0]), str(counts.index[0])
    held = rows[(rows["task"] == task) & (rows["split"] == "test")]
    text = ", ".join(f"{PRINTED[names[str(name)]]} {int(number)}" for name, number in counts.items())
    return Check(
        (Reading("most languages of one task", verdict_on(claim.interval, exact(most)), exact(most)),),
        f"{PRINTED[names[task]]} has {most} languages, more than any other task",
        (Evidence(TEST_SETS, _lines(held), f"languages by task: {text}"),),
        str(most),
    )


def check_no_training_data(claim: Claim, sizes: pd.DataFrame | None = None) -> Check:
    """BUCC and Tatoeba have no training split in the public release of XTREME."""
    frame = load(TEST_SETS) if sizes is None else sizes
    rows = frame[frame["task"].isin(["bucc2018", "tatoeba"])]
    if set(rows["task"]) != {"bucc2018", "tatoeba"}:
        return missing(claim)
    trained = rows[rows["split"] == "train"]
    splits = ", ".join(
        f"{PRINTED[str(task)]} {' and '.join(sorted(part['split'].unique()))}"
        for task, part in rows.groupby("task", sort=True)
    )
    status = HOLDS if trained.empty else FAILS
    return Check(
        (Reading("splits of the public release", status),),
        f"splits in the public release of XTREME: {splits}",
        (Evidence(TEST_SETS, _lines(rows), f"splits: {splits}"),),
        "no training split" if trained.empty else f"{len(trained)} training splits",
    )


def check_target_tasks(claim: Claim, tables: Sequence[Cells] | None = None) -> Check:
    """Target tasks that the published XTREME rows of the study's model have scores for."""
    cells = tables if tables is not None else [read_cells(name) for name in (REMBERT, MT5, VECO)]
    found = {task for table in cells for (_, task, _) in table.scores if task in TASKS}
    announced = {
        int(match[1]): (table.data, cell.line)
        for table in cells
        for (_, task, _), cell in table.scores.items()
        if (match := re.fullmatch(r"AVG_task\((\d+)\)", task))
    }
    abstract = _abstract_counts(r"GAIN over (\d+) target tasks", "target_task")
    readings = [
        Reading("tasks with a published score", verdict_on(claim.interval, exact(len(found))), exact(len(found)))
    ]
    evidence = [
        Evidence(
            table.data,
            tuple(sorted(cell.line for (_, task, _), cell in table.scores.items() if task in TASKS)),
            f"tasks: {', '.join(PRINTED[task] for task in TASKS if table.lines(task))}",
        )
        for table in cells
    ]
    most = max(announced, default=0)
    if most:
        readings.append(
            Reading("tasks that the widest average is over", verdict_on(claim.interval, exact(most)), exact(most))
        )
        data, line = announced[most]
        evidence.append(Evidence(data, (line,), f"average over {most} tasks"))
    for number, lines, revision in abstract:
        if revision != CITED:
            continue
        readings.append(Reading(f"abstract {revision}", verdict_on(claim.interval, exact(number)), exact(number)))
        evidence.append(Evidence(ABSTRACTS, lines, f"{revision}: {number} target tasks"))
    return Check(
        tuple(readings),
        f"published XTREME rows of {MODEL} and X-STILTs have scores on {len(found)} tasks"
        + (f" and an average over {most}" if most else ""),
        tuple(evidence),
        str(len(found)),
    )


def check_intermediate_tasks(claim: Claim) -> Check:
    """Intermediate tasks by the version of the abstract that the documents cite."""
    found = _abstract_counts(r"(\d+) intermediate tasks", "note")
    cited = [item for item in found if item[2] == CITED]
    if not cited:
        return missing(claim)
    readings = tuple(
        Reading(f"abstract {revision}", verdict_on(claim.interval, exact(number)), exact(number))
        for number, _, revision in cited
    )
    evidence = tuple(
        Evidence(ABSTRACTS, lines, f"{revision}: {number} intermediate tasks") for number, lines, revision in found
    )
    text = ", ".join(f"{number} in {revision}" for number, _, revision in cited)
    notes = tuple(f"{revision} says {number}." for number, _, revision in found if revision != CITED)
    return Check(readings, f"{text}; {claim.settlement}", evidence, text, notes)


def _abstract_counts(pattern: str, column: str) -> list[tuple[int, tuple[int, ...], str]]:
    frame = load(ABSTRACTS)
    found: dict[tuple[int, str], list[int]] = {}
    for index, row in frame.iterrows():
        match = re.search(pattern, str(row[column]))
        if match:
            found.setdefault((int(match[1]), str(row["condition"])), []).append(line_of(index))
    return [(number, tuple(lines), revision) for (number, revision), lines in found.items()]


def check_start_model(claim: Claim) -> Check:
    """The model that other publications and the abstract print beside X-STILTs."""
    readings, evidence = [], []
    for name in (REMBERT, ABSTRACTS):
        frame = load(name)
        rows = frame[(frame["method"] == "intermediate") & (frame["intermediate_task"] == "best single per target")]
        if rows.empty:
            continue
        printed = rows["note"].str.extract(r"printed model: ([^;]+)", expand=False).dropna().str.strip().unique()
        agree = all(MODEL.lower() in str(item).lower() for item in printed) and len(printed) > 0
        readings.append(Reading(name, OPEN if agree else FAILS, None, "" if not agree else "the other experiments"))
        evidence.append(Evidence(name, _lines(rows), f"printed: {', '.join(map(str, printed))}"))
    if not readings:
        return missing(claim)
    if any(reading.status == FAILS for reading in readings):
        return Check(tuple(readings), "another model is printed beside X-STILTs", tuple(evidence), MODEL)
    return Check(
        tuple(readings),
        f"printed beside the best rows of X-STILTs in {len(readings)} sources, which say nothing of the other "
        f"experiments; {claim.settlement}",
        tuple(evidence),
        MODEL,
    )


def missing(claim: Claim) -> Check:
    """No bundled table bears on the claim."""
    return Check((Reading("as worded", NO_DATA),), f"no bundled table bears on it; {claim.settlement}")


def unstated(claim: Claim) -> Check:
    """The row is cut off before it states anything."""
    return Check(
        (Reading("as it stands", NO_DATA),),
        f"the row is cut off before it says what it claims; it would take {claim.settled_by}",
    )
