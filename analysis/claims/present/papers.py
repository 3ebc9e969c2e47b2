"""What ``verify`` prints and writes of a paper: findings, prose, JSON, GitHub annotations, SARIF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ...core.text import Table
from ..papers.audit import Finding
from ..papers.prose import ProseFigure
from ..papers.read import Paper
from ..papers.tables import scale_notes
from .tables import Part, tally

#: Level of an annotation by verdict; others are not annotated.
LEVELS = {"contradicted": "error", "possible-by-rounding": "warning"}
_ORDER = ("contradicted", "possible-by-rounding", "consistent", "reproduced-under", "not-checkable", "accepted")


def paper_blocks(paper: Paper, findings: Sequence[Finding]) -> list[Part]:
    """What was read, how much of each kind was checked, and every finding that is not simply reproduced."""
    read = tuple((t.name, str(len(t.rows)), str(len(t.columns)), str(t.line(0) or "")) for t in paper.tables)
    blocks: list[Part] = [
        Table(("table", "rows", "columns", paper.unit), read, title=f"{len(paper.tables)} tables read")
    ]
    blocks += [f"Note: {text}" for table in paper.tables for text in scale_notes(table)]
    kinds = Counter(item.kind for item in findings)
    if findings:
        counts = ", ".join(f"{number} of {kind}" for kind, number in kinds.items())
        blocks.append(f"checks: {counts}. {tally('check', [item.verdict for item in findings])}")
    else:
        blocks.append("no average, difference or emphasis to check was found.")
    telling = sorted((item for item in findings if item.verdict in _ORDER), key=lambda item: _ORDER.index(item.verdict))
    if telling:
        rows = tuple(
            (item.verdict, item.kind, item.what, item.printed, item.why, f"{item.table}, {paper.unit} {item.line}")
            for item in telling
        )
        blocks.append(Table(("verdict", "check", "cell", "printed", "why", "where"), rows, title="Findings"))
    return blocks


def prose_blocks(paper: Paper, found: Sequence[ProseFigure], shown: int = 3) -> list[Part]:
    """Each number of the prose with what gives it."""
    rows = tuple(
        (item.printed, item.certainty, "; ".join(item.given_by[:shown]), item.context, f"{paper.unit} {item.line}")
        for item in found
    )
    note = "a number that no cell or difference gives may be of another table: it is not contradicted"
    return [Table(("number", "match", "given by", "text", "where"), rows, title="Numbers of the prose", notes=(note,))]


def paper_json(paper: Paper, findings: Sequence[Finding], prose: Sequence[ProseFigure]) -> dict[str, Any]:
    """All of it as JSON."""
    return {
        "paper": {"name": paper.name, "unit": paper.unit, "tables": [table.name for table in paper.tables]},
        "findings": [asdict(item) for item in findings],
        "prose": [asdict(item) | {"given_by": list(item.given_by), "certainty": item.certainty} for item in prose],
    }


def github_annotations(paper: Paper, path: str, findings: Iterable[Finding]) -> list[str]:
    """Workflow commands of GitHub Actions, one line per finding."""
    lines = []
    for item in findings:
        if level := level_of(item):
            message = _escaped(f"{item.what}: {item.printed} ({item.why})")
            place = f",line={item.line}" if paper.unit == "line" and item.line else ""
            lines.append(f"::{level} file={path}{place},title=crosslift {item.kind}::{message}")
    return lines


def level_of(item: Finding) -> str:
    """Level of the annotation of a finding; empty for none. A doubled row is no error, but to be looked at."""
    return "warning" if item.kind == "doubled row" and item.verdict != "accepted" else LEVELS.get(item.verdict, "")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def sarif(paper: Paper, path: str, findings: Iterable[Finding]) -> dict[str, Any]:
    """The findings as SARIF 2.1.0."""
    from importlib.metadata import version

    results = [
        {
            "ruleId": item.kind.replace(" ", "-"),
            "level": level_of(item),
            "message": {"text": f"{item.what}: {item.printed} ({item.why})"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": path},
                        **({"region": {"startLine": item.line}} if paper.unit == "line" and item.line else {}),
                    }
                }
            ],
        }
        for item in findings
        if level_of(item)
    ]
    rules = [{"id": name} for name in dict.fromkeys(str(item["ruleId"]) for item in results)]
    driver = {"name": "crosslift", "version": version("crosslift"), "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
