"""Score files of predictions as a benchmark does: by its rules, over its languages, with its averages.

A submission has one file for each task and language, TASK/test-LANGUAGE.tsv (.json for questions and rankings, .jsonl
for choices); the labels have the same names. 'runner results STORE --submission DIR' writes the predictions of a sweep
in this form. A task that lacks some of the benchmark's languages is scored over those that are there, named, and left
out of the averages. Nothing is trained or loaded.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..benchmarks.score import SuiteScore

SUMMARY = "score a submission as XTREME or XTREME-R does"
EXAMPLES = """examples:
  runner score predictions --labels labels --benchmark xtreme
  runner score predictions --labels labels --benchmark xtreme-r --json scores.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``runner score``."""
    parser.add_argument("predictions", help="the directory of a submission")
    parser.add_argument(
        "--labels", metavar="DIRECTORY", required=True, help="the benchmark's labels in the same layout"
    )
    parser.add_argument("--benchmark", metavar="NAME", default="xtreme", help="xtreme (default) or xtreme-r")
    parser.add_argument("--json", metavar="FILE", help="write all scores as JSON ('-' for standard output)")


def run(options: argparse.Namespace) -> int:
    """Print the scores."""
    from pathlib import Path

    from analysis.present.terminal import console, write_json

    from ..benchmarks.score import score_submission
    from ..benchmarks.suites import find_suite

    found = score_submission(Path(options.predictions), Path(options.labels), find_suite(options.benchmark))
    out = console()
    if options.json != "-":
        print_scores(found, out)
    if options.json:
        write_json(options.json, found.to_json(), out)
    return 0


def print_scores(found: SuiteScore, out: Any) -> None:
    """Languages of each task, then tasks, groups and the average."""
    from analysis.core.text import Table

    for task in found.tasks:
        metrics = list(task.means)
        rows = [(code, *(f"{own[metric]:.2f}" for metric in metrics)) for code, own in task.languages.items()]
        rows.append(("mean", *(f"{task.means[metric]:.2f}" for metric in metrics)))
        out.print(
            Table(("language", *metrics), tuple(rows), f"{task.part.name}, by the rule '{task.part.rule}'").text()
        )
        out.print("")
    rows = [(task.part.group, task.part.name, str(len(task.languages)), f"{task.score:.2f}") for task in found.tasks]
    out.print(Table(("group", "task", "languages", "score"), tuple(rows), found.suite.name).text())
    for group, value in found.groups.items():
        out.print(f"  {group}: {value:.2f}")
    if found.average is not None:
        out.print(f"\n  average of {len(found.tasks)} tasks: {found.average:.2f}")
        return
    absent = [part.name for part in found.suite.parts if part.name not in {task.part.name for task in found.tasks}]
    parts = [f"{task.part.name} lacks {', '.join(task.missing)}" for task in found.tasks if task.missing]
    parts += [f"no files of {', '.join(absent)}"] if absent else []
    out.print(f"\n  no average of the benchmark: {'; '.join(parts)}.")
