"""List the bundled data, or describe one set and its traps."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, magnitude
from ..present.screen import Screen
from ..present.terminal import add_json, write_json
from ..records import bundled as datasets

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = "list the bundled data, or describe one set"
EXAMPLES = """examples:
  analyze data
  analyze data muennighoff2022_xmtf"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``analyze data``."""
    parser.add_argument("name", nargs="?", help="the set to describe; all sets are listed without it")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the catalog or one entry."""
    out = Screen()
    if options.name is None:
        entries = [overview(entry) for entry in datasets.catalog().values()]
        if options.json != "-":
            _print_catalog(entries, out)
        content: dict[str, Any] = {"command": "data", "sets": entries}
    else:
        content = {"command": "data", "sets": [describe(options.name)]}
        if options.json != "-":
            _print_set(content["sets"][0], out)
    if options.json:
        write_json(options.json, content, out)
    return 0


def overview(entry: datasets.DataSet) -> dict[str, Any]:
    """One line of the catalog."""
    frame = datasets.load(entry.name)
    line: dict[str, Any] = {
        "name": entry.name,
        "kind": entry.kind,
        "title": entry.title,
        "rows": len(frame),
        "sha256": entry.sha256(),
        "gains": entry.gains,
    }
    if entry.kind == "records":
        sizes = frame["params_m"].dropna()
        line |= {
            "studies": int(frame["study"].nunique()),
            "languages": int(frame.loc[frame["language"] != "mul", "language"].nunique()),
            "tasks": int(frame["target_task"].nunique()),
            "models": int(frame["model"].nunique()),
            "params_m": [float(sizes.min()), float(sizes.max())] if len(sizes) else None,
        }
    elif "language" in frame.columns:
        line["languages"] = int(frame["language"].nunique())
    return line


def describe(name: str) -> dict[str, Any]:
    """Everything that is known about one set."""
    entry = datasets.find(name)
    frame = datasets.load(name)
    content = overview(entry) | {"source": entry.source, "grade": entry.grade, "traps": list(entry.traps)}
    if entry.kind == "records":
        content["flags"] = [
            {
                "flag": flag,
                "rows": rows,
                "excluded": datasets.flags()[flag].excluded,
                "meaning": datasets.flags()[flag].meaning,
            }
            for flag, rows in _flag_counts(frame).items()
        ]
        content["columns"] = [
            {"column": column, "filled": int(frame[column].notna().sum()), "values": int(frame[column].nunique())}
            for column in frame.columns
            if frame[column].notna().any()
        ]
    else:
        content["columns"] = [
            {"column": str(column), "filled": int(frame[column].notna().sum()), "values": int(frame[column].nunique())}
            for column in frame.columns
        ]
    return content


def _flag_counts(frame: pd.DataFrame) -> dict[str, int]:
    names = frame["flags"].dropna().str.split(";").explode()
    return {str(flag): int(rows) for flag, rows in names.value_counts().sort_index().items()}


def _print_catalog(entries: list[dict[str, Any]], out: Screen) -> None:
    rows = tuple(
        (
            entry["name"],
            count(entry["rows"]),
            *(str(entry[key]) if key in entry else "" for key in ("studies", "languages", "tasks", "models")),
            _sizes(entry.get("params_m")),
            "yes" if entry["gains"] else "",
            entry["sha256"][:12],
        )
        for entry in entries
    )
    columns = ("set", "rows", "studies", "languages", "tasks", "models", "parameters", "gains", "sha256")
    out.print(Table(columns, rows))
    total = sum(entry["rows"] for entry in entries if entry["kind"] == "records")
    out.print(f"\n  {count(total)} scores. 'analyze data NAME' describes a set and its traps.")


def _print_set(content: dict[str, Any], out: Screen) -> None:
    out.print(content["name"], style="bold")
    out.print(f"  {content['title']}")
    out.print(f"  source: {content['source']} (grade {content['grade']})")
    facts = [f"{count(content['rows'])} rows"]
    for key, one in (("studies", "study"), ("languages", "language"), ("tasks", "task"), ("models", "model")):
        if key in content:
            facts.append(f"{content[key]} {one if content[key] == 1 else key}")
    if content.get("params_m"):
        facts.append(f"{_sizes(content['params_m'])} parameters")
    out.print(f"  {' · '.join(facts)}")
    out.print(f"  sha256 {content['sha256']}")
    if content["traps"]:
        out.heading("Traps")
        for trap in content["traps"]:
            out.print(f"  - {trap}")
    if content.get("flags"):
        out.heading("Flags")
        flags = tuple(
            (f["flag"], count(f["rows"]), "yes" if f["excluded"] else "no", f["meaning"]) for f in content["flags"]
        )
        out.print(Table(("flag", "rows", "left out", "meaning"), flags))
    out.heading("Columns")
    rows = tuple((c["column"], count(c["filled"]), count(c["values"])) for c in content["columns"])
    out.print(Table(("column", "filled", "different values"), rows))


def _sizes(sizes: list[float] | None) -> str:
    if not sizes:
        return ""
    low, high = (magnitude(1e6 * value) for value in sizes)
    return low if low == high else f"{low}–{high}"
