"""What ``verify`` prints and writes: tables, and the JSON contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ...core.text import Table, number
from ..documents.calibration import (
    against_registry,
    calibration,
    flagged_both_ways,
    overturned,
    separation,
    stated_rows,
)
from ..documents.parse import Document
from ..documents.self_consistency import Account
from ..numbers.intervals import Interval
from ..registry import Claim, Registry
from ..verdicts import NOT_COMPUTED, VERDICTS, Outcome


def claimed(claim: Claim, registry: Registry) -> str:
    """The claimed figures as printed, with their unit; empty for a claim without one."""
    parts = [claim, *(registry.claims[part] for part in claim.parts)]
    figures = [f"{item.value:,.{item.decimals}f}" for item in parts if item.value is not None]
    unit = next((item.unit for item in parts if item.value is not None), "")
    return f"{', '.join(figures)} {unit}".strip()


def verdict_table(outcomes: Sequence[Outcome], registry: Registry) -> Table:
    """Verdict, claim, claimed, recomputed, why: one row a claim."""
    rows = tuple(
        (item.verdict, item.claim.id, claimed(item.claim, registry), item.check.recomputed, item.reason)
        for item in outcomes
    )
    return Table(("verdict", "claim", "claimed", "recomputed", "why"), rows, title="Claims")


def tally(outcomes: Sequence[Outcome]) -> str:
    """How many claims, and how many rows of documents, came to each verdict."""
    claims = Counter(item.verdict for item in outcomes)
    rows = Counter(row.outcome.verdict for row in stated_rows(outcomes))
    names = [name for name in (*VERDICTS, NOT_COMPUTED) if claims[name]]
    return (
        f"{len(outcomes)} claims in {rows.total()} rows of {len(_documents(outcomes))} documents: "
        + ", ".join(f"{claims[name]} {name} ({rows[name]} rows)" for name in names)
        + "."
    )


def _documents(outcomes: Sequence[Outcome]) -> set[str]:
    return {row.statement.document for row in stated_rows(outcomes)}


def flag_lines(outcomes: Sequence[Outcome], registry: Registry) -> list[str]:
    """Flags that the evidence overturns, and claims that are flagged both ways."""
    lines = [
        f"{row.outcome.claim.id}: flagged {'✓' if row.statement.verified else '×'} "
        f"({row.statement.confidence:.2f}) in {_short(row.statement.document)} row {row.statement.row}, "
        f"{row.outcome.verdict} by the data"
        for row in overturned(outcomes)
    ]
    for name, yes, no in flagged_both_ways(registry):
        lines.append(f"{name}: flagged ✓ in {_places(yes)}, × in {_places(no)}")
    return lines


def _places(items: Sequence[Any]) -> str:
    return ", ".join(f"{_short(item.document)} row {item.row}" for item in items)


def _short(document: str) -> str:
    """Documents are numbered in their names; the rest is a hash."""
    return document.partition("_")[0] or document


def calibration_table(outcomes: Sequence[Outcome]) -> Table:
    """Confidences and flags of the rows against what the data say."""
    rows = tuple(
        (
            item.verdict,
            str(item.rows),
            str(item.verified),
            str(item.rows - item.verified),
            number(item.confidence_mean, 2),
            f"{item.confidence_low:.2f} to {item.confidence_high:.2f}",
        )
        for item in calibration(outcomes)
    )
    columns = ("verdict", "rows", "✓", "×", "mean confidence", "range")
    return Table(columns, rows, title="Confidence against outcome", notes=(separation(outcomes),))


def document_table(accounts: Sequence[Account]) -> Table:
    """Announced against found, one row a document."""
    rows = tuple(
        (
            item.document,
            _against(item.claims_announced, item.claims_listed),
            _against(item.verified_announced, item.verified_counted),
            _against(item.papers_announced, item.references_listed),
            str(len(item.cut_off)),
            " and ".join(
                [*(["title"] if item.title_cut_off else []), *(["abstract"] if item.abstract_cut_off else [])]
            ),
        )
        for item in accounts
    )
    columns = ("document", "claims", "verified", "papers", "claims cut off", "also cut off")
    note = "announced / found; papers are found where they are referenced"
    return Table(columns, rows, title="Documents", notes=(note,))


def _against(announced: int | None, found: int) -> str:
    return f"{'–' if announced is None else announced} / {found}"


def document_lines(accounts: Sequence[Account], documents: Sequence[Document], registry: Registry) -> list[str]:
    """Disagreements within a document or with the registry, and what could not be read, one per line."""
    lines = []
    for item, document in zip(accounts, documents, strict=True):
        lines += [f"{item.document}: {text}" for text in item.mismatches()]
        lines += [f"{item.document}: {difference.text()}" for difference in item.differences]
        lines += item.problems
        lines += against_registry(document, registry) if document.rows else ()
    return lines


def details(outcome: Outcome, registry: Registry) -> list[str | Table]:
    """Everything about one claim: wording, scope, readings, findings, evidence, rows."""
    claim = outcome.claim
    blocks: list[str | Table] = [f"{claim.id}: {outcome.verdict}", f"  {claim.statement}"]
    scope = ", ".join(f"{key} {value}" for key, value in claim.scope.items())
    facts = [claim.kind, *([f"claimed {claimed(claim, registry)}"] if claimed(claim, registry) else [])]
    if claim.unit == "points" and claim.value is not None:
        facts.append(f"so from {float(claim.interval.low):g} to under {float(claim.interval.high):g}")
    blocks.append(f"  {' · '.join([*facts, *([scope] if scope else [])])}")
    blocks.append(f"  {outcome.reason}")
    if claim.settled_by and claim.settled_by not in outcome.reason and outcome.verdict != "reproduced":
        blocks.append(f"  {claim.settlement}")
    if claim.note:
        blocks.append(f"  {claim.note}")
    if outcome.check.readings:
        rows = tuple((r.name, r.status, interval_text(r.recomputed), r.needs) for r in outcome.check.readings)
        blocks.append(Table(("reading", "status", "data allow", "needs"), rows))
    blocks += [f"  - {text}" for text in outcome.check.findings]
    blocks += [
        f"  evidence: {item.data}, lines {line_ranges(item.lines)}: {item.says}" for item in outcome.check.evidence
    ]
    if claim.stated:
        marks = [
            f"{_short(s.document)} row {s.row} {'✓' if s.verified else '×'} {s.confidence:.2f}" for s in claim.stated
        ]
        blocks.append(f"  stated in: {', '.join(marks)}")
    return blocks


def interval_text(interval: Interval | None) -> str:
    """A range with two decimals; a whole number as such; empty for none."""
    if interval is None:
        return ""
    return f"{int(interval.low):,}" if interval.low == interval.high else interval.text()


def line_ranges(lines: Sequence[int]) -> str:
    """``2–5, 9``."""
    parts: list[list[int]] = []
    for line in sorted(set(lines)):
        if parts and line == parts[-1][-1] + 1:
            parts[-1][1:] = [line]
        else:
            parts.append([line])
    return ", ".join("–".join(str(end) for end in part) for part in parts)


def contract(
    outcomes: Sequence[Outcome], registry: Registry, accounts: Sequence[Account], documents: Sequence[Document]
) -> dict[str, Any]:
    """The JSON contract of ``verify``."""
    return {
        "command": "verify",
        "claims": [_claim(outcome, registry) for outcome in outcomes],
        "documents": [
            asdict(item)
            | {
                "mismatches": list(item.mismatches()),
                "differences": [{"quantity": d.quantity, "values": dict(d.values)} for d in item.differences],
                "registry": list(against_registry(document, registry)) if document.rows else [],
            }
            for item, document in zip(accounts, documents, strict=True)
        ],
        "overturned": [
            {
                "id": row.outcome.claim.id,
                "verdict": row.outcome.verdict,
                "document": row.statement.document,
                "row": row.statement.row,
                "flag": "✓" if row.statement.verified else "×",
            }
            for row in overturned(outcomes)
        ],
        "flagged_both_ways": [name for name, _, _ in flagged_both_ways(registry)],
        "calibration": [asdict(item) for item in calibration(outcomes)],
    }


def _claim(outcome: Outcome, registry: Registry) -> dict[str, Any]:
    claim = outcome.claim
    figures: dict[str, Any] = {"value": claim.value, "unit": claim.unit, "decimals": claim.decimals}
    if claim.value is not None:
        figures |= {"low": float(claim.interval.low), "high": float(claim.interval.high)}
    values = [registry.claims[part].value for part in claim.parts]
    if any(value is not None for value in values):
        figures["values"] = values
    return {
        "id": claim.id,
        "statement": claim.statement,
        "kind": claim.kind,
        "scope": dict(claim.scope),
        "claimed": figures,
        "recomputed": outcome.check.recomputed,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "settled_by": claim.settled_by,
        "parts": list(claim.parts),
        "note": claim.note,
        "readings": [reading.to_json() for reading in outcome.check.readings],
        "findings": list(outcome.check.findings),
        "evidence": [item.to_json() for item in outcome.check.evidence],
        "documents": [
            {
                "document": item.document,
                "row": item.row,
                "flag": "✓" if item.verified else "×",
                "confidence": item.confidence,
            }
            for item in claim.stated
        ],
    }
