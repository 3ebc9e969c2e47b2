"""Say what a store holds: plans begun and how far they are, what runs now, and damaged files."""

from __future__ import annotations

import argparse
from typing import Any

SUMMARY = "how far the sweeps of a store are"
EXAMPLES = """examples:
  runner status sweep
  runner status sweep --json -"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner status``."""
    parser.add_argument("store", help="the directory of a sweep")
    parser.add_argument("--json", metavar="FILE", help="write the status as JSON ('-' for standard output)")


def run(options: argparse.Namespace) -> int:
    """Print the status; exit status 1 if a file is damaged."""
    from pathlib import Path

    from analysis.present.terminal import console, write_json

    from ..store.store import Store

    found = describe_store(Store.open(Path(options.store)))
    out = console()
    if options.json != "-":
        _print(found, out)
    if options.json:
        write_json(options.json, found, out)
    return 1 if found["damaged"] else 0


def describe_store(store: Any) -> dict[str, Any]:
    """The JSON form of ``runner status``."""
    from analysis.store.layout import Folder, finished, read_store

    from ..store.failures import failed_stages
    from ..store.locks import holder
    from ..store.pending import pending

    content = read_store(store.path)
    plans = []
    for name, rows in store.plans().items():
        todo = set(pending(store, rows).stages)
        cells = [row for row in rows if row["kind"] == "evaluate"]
        plans.append(
            {
                "plan": name,
                "cells": len(cells),
                "cells_done": sum(row["id"] not in todo for row in cells),
                "stages_to_run": len(todo),
            }
        )
    running = [who for file in sorted((store.path / Folder.LOCKS).glob("*")) if (who := holder(file)) is not None]
    return {
        "command": "status",
        "study": content.study,
        "cells": len(content.cells),
        "checkpoints": len(finished(store.path, Folder.CHECKPOINTS, "")),
        "plans": plans,
        "running": running,
        "failed": list(failed_stages(store).values()),
        "damaged": [{"file": f"cells/{name}", "reason": reason} for name, reason in content.damaged],
    }


def _print(found: dict[str, Any], out: Any) -> None:
    from analysis.core.text import Table, count

    out.print(f"study {found['study']}: {count(found['cells'])} cells, {count(found['checkpoints'])} checkpoints")
    if found["plans"]:
        rows = tuple(
            (p["plan"], count(p["cells"]), count(p["cells_done"]), count(p["stages_to_run"])) for p in found["plans"]
        )
        out.print("\n" + Table(("plan", "cells", "done", "stages to run"), rows).text())
    for what in found["failed"]:
        out.print(f"  failed: {what.get('stage', '?')}: {what.get('error', '?')}")
    for line in _running(found["running"]):
        out.print(f"  running: {line}")
    for item in found["damaged"]:
        out.print(f"  damaged: {item['file']}: {item['reason']}")
    if found["damaged"]:
        out.print("  'runner gc STORE --damaged' drops damaged cells, so that they are evaluated again.")


def _running(holders: list[dict[str, Any]]) -> list[str]:
    """A line for each stage that runs; evaluations of one model on one task are one line, whatever the languages."""
    groups: dict[tuple[str, str], list[str]] = {}
    for who in holders:
        model, sep, tested = str(who.get("stage", "?")).rpartition(" · ")
        task, within, language = tested.partition(" in ")
        where = f"(process {who.get('pid', '?')} on {who.get('host', '?')})"
        groups.setdefault((model + sep + task, where), []).extend([language] if within else [])
    lines = []
    for (stage, where), languages in groups.items():
        some = f" in {languages[0]}" if len(languages) == 1 else f" in {len(languages)} languages" if languages else ""
        lines.append(f"{stage}{some} {where}")
    return lines
