"""What ``verify`` prints of claims over a table, printed averages, granularity, and own results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ...core.jsonable import dropped_rows
from ...core.text import Table, number
from ..audit.averages import PrintedAverage
from ..audit.granularity import Granularity
from ..audit.language_order import Profile
from ..fit import figure_of
from ..language.check import TableClaim, figure_text
from ..verdicts import HOLDS, VERDICTS
from ..xtreme.replication import Replication
from .registry import line_ranges

Part = str | Table


def claim_blocks(found: Sequence[TableClaim]) -> list[Part]:
    """Claims over a table: the verdicts, then readings, lines and impossible cells of each."""
    rows = tuple((item.verdict, item.claim, item.claimed, item.recomputed, item.reason) for item in found)
    blocks: list[Part] = [Table(("verdict", "claim", "claimed", "recomputed", "why"), rows, title="Claims")]
    blocks.append(tally("claim", [item.verdict for item in found]))
    for item in found:
        if len(item.readings) > 1:
            readings = tuple((r.name, r.status, figure_text(r), r.needs) for r in item.readings)
            blocks.append(Table(("reading", "status", "data allow", "needs"), readings, title=item.claim))
        blocks += [f"  {item.claim}: {e.data}, lines {line_ranges(e.lines)}" for e in item.evidence]
        blocks += [f"  {grain.text()}" for grain in item.grains]
    return blocks


def tally(what: str, verdicts: Sequence[str]) -> str:
    """How many came to each verdict, as one sentence."""
    counts = Counter(verdicts)
    names = [*VERDICTS, *(name for name in counts if name not in VERDICTS)]
    words = ", ".join(f"{counts[name]} {name}" for name in names if counts[name])
    noun = what if len(verdicts) == 1 else f"{what}s"
    return f"{len(verdicts)} {noun}: {words}." if verdicts else f"no {what}."


def average_blocks(found: Sequence[PrintedAverage]) -> list[Part]:
    """Counts of verdicts by data set, and every average that is not simply reproduced."""
    sets = dict.fromkeys(item.data for item in found)
    counts = {name: Counter(item.verdict for item in found if item.data == name) for name in sets}
    rows = tuple((name, *(str(counts[name][verdict] or "–") for verdict in VERDICTS)) for name in sets)
    note = "not-checkable: the cells of the average are not in the table"
    blocks: list[Part] = [Table(("data", *VERDICTS), rows, title="Printed averages against their cells", notes=(note,))]
    blocks.append(tally("printed average", [item.verdict for item in found]))
    telling = [item for item in found if item.verdict not in ("reproduced", "not-checkable")]
    order = ("contradicted", "possible-by-rounding", "consistent", "reproduced-under")
    telling.sort(key=lambda item: order.index(item.verdict))
    blocks.append(
        Table(
            ("verdict", "average", "printed", "cells give", "where"),
            tuple(
                (
                    item.verdict,
                    " ".join(filter(None, (item.model, item.target_task, item.metric.replace("average", "")))),
                    item.printed,
                    _brief(item),
                    f"{item.data}, line {item.line}",
                )
                for item in telling
            ),
        )
    )
    blocks += [
        f"  {item.model}, {item.data} line {item.line}: {text}" for item in telling for text in item.explanations
    ]
    return blocks


def _brief(item: PrintedAverage) -> str:
    """The readings that hold, else the first one; the JSON has them all."""
    holding = [reading for reading in item.readings if reading.status == HOLDS]
    shown = holding or [item.readings[0]]
    parts = [f"{reading.name}: {', '.join(filter(None, (figure_of(reading), reading.needs)))}" for reading in shown]
    rest = len(item.readings) - len(shown)
    if rest:
        parts.append(f"{rest} other {'reading' if rest == 1 else 'readings'} in --json")
    return "; ".join(parts)


def granularity_blocks(found: Sequence[Granularity]) -> list[Part]:
    """Accuracies tested by data set, and those that no count of their items gives."""
    rows = tuple((item.data, str(item.cells), str(item.telling), str(len(item.impossible))) for item in found)
    columns = ("data", "accuracies with items", "finer than one item", "no share of N items")
    note = "a share of N items is a whole number of right items; means over runs or prompts need not be one"
    blocks: list[Part] = [
        Table(columns, rows, title="Granularity: accuracies that are no share of N items", notes=(note,))
    ]
    return [*blocks, *(f"  {grain.text()}" for item in found for grain in item.impossible)]


def profile_blocks(found: Sequence[Profile]) -> list[Part]:
    """Rows whose languages go up and down unlike those of other models."""
    if not found:
        return ["No row goes up and down over its languages unlike the others."]
    note = (
        "The languages of these rows may stand in another order than their header says, or the runs are unlike others:"
    )
    return [note, *(f"  {item.text()}" for item in found)]


def replication_blocks(found: Replication) -> list[Part]:
    """Own results beside the claims' directions."""
    rows = tuple(
        (
            item.claim,
            item.claimed,
            item.outcome,
            number(item.gain, 2),
            "–" if item.conf_low is None else f"{number(item.conf_low, 2)} to {number(item.conf_high, 2)}",
            str(item.rows or "–"),
            str(item.languages or "–"),
            "; ".join(item.differs),
        )
        for item in found.beside
    )
    columns = (
        "claim",
        "claimed",
        "results",
        "mean gain",
        "95% interval",
        "gains",
        "languages",
        "differs from the claim",
    )
    notes = (
        f"results: {', '.join(found.sources)}; mean over target tasks of means over languages, in points",
        "interval: jackknife over languages, Student's t with languages − 1 degrees of freedom; the tasks, models and "
        "runs are taken as they are, related languages as independent",
        "no verdict rests on these results",
    )
    dropped = [f"  left out: {rows:,} of {found.read:,} rows: {reason}" for reason, rows in found.dropped]
    table = Table(columns, rows, title="Own results beside the claims' directions", notes=notes)
    return [table, *dropped, *(f"  {notice}" for notice in found.notices)]


def claim_json(item: TableClaim) -> dict[str, Any]:
    """A claim over a table in the form of the contract."""
    return {
        "id": item.claim,
        "statement": item.claim,
        "kind": "table",
        "claimed": _claimed_json(item.claimed),
        "recomputed": item.recomputed,
        "verdict": item.verdict,
        "reason": item.reason,
        "readings": [reading.to_json() for reading in item.readings],
        "evidence": [evidence.to_json() for evidence in item.evidence],
        "impossible": [grain.text() for grain in item.grains],
        "documents": [],
    }


def _claimed_json(claimed: str) -> dict[str, Any]:
    """A single printed figure as number and decimals; anything else as text only."""
    whole, _, part = claimed.removeprefix("-").partition(".")
    single = whole.isdigit() and (part.isdigit() or not part)
    value = float(claimed) if single else None
    return {"value": value, "unit": "", "decimals": len(part) if single else None, "text": claimed}


def average_json(item: PrintedAverage) -> dict[str, Any]:
    """A printed average as JSON."""
    return {
        "data": item.data,
        "sha256": item.sha256,
        "line": item.line,
        "model": item.model,
        "method": item.method,
        "target_task": item.target_task,
        "metric": item.metric,
        "condition": item.condition,
        "printed": item.printed,
        "verdict": item.verdict,
        "reason": item.reason,
        "readings": [reading.to_json() for reading in item.readings],
        "lines": list(item.lines),
        "explanations": list(item.explanations),
    }


def granularity_json(item: Granularity) -> dict[str, Any]:
    """A granularity test as JSON."""
    return {
        "data": item.data,
        "cells": item.cells,
        "telling": item.telling,
        "impossible": [
            {"line": grain.line, "printed": grain.printed, "items": grain.items} for grain in item.impossible
        ],
    }


def profile_json(item: Profile) -> dict[str, Any]:
    """A suspect row as JSON."""
    return {
        "data": item.data,
        "lines": list(item.lines),
        "model": item.model,
        "target_task": item.target_task,
        "metric": item.metric,
        "languages": item.languages,
        "correlation": item.correlation,
        "others": item.others,
        "rows": item.rows,
    }


def replication_json(item: Replication) -> dict[str, Any]:
    """Own results as JSON."""
    from dataclasses import asdict

    return {
        "sources": list(item.sources),
        "read": item.read,
        "dropped": dropped_rows(item.dropped),
        "notices": list(item.notices),
        "claims": [asdict(beside) | {"differs": list(beside.differs)} for beside in item.beside],
    }
