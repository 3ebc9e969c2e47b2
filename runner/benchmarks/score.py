"""Score a submission: means over languages, over tasks of a group, and over all tasks, as the benchmark takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError

from .layout import file_of, languages_of, tasks_of
from .rules import RULES, Metrics
from .suites import Part, Suite


@dataclass(frozen=True, slots=True)
class TaskScore:
    """Metrics of one task by language, and which of the benchmark's languages are missing."""

    part: Part
    languages: Mapping[str, Metrics]
    missing: tuple[str, ...] = ()

    @property
    def means(self) -> Metrics:
        """Means over the languages, by metric."""
        rows = list(self.languages.values())
        return {metric: sum(row[metric] for row in rows) / len(rows) for metric in rows[0]}

    @property
    def score(self) -> float:
        """The task's score: for question answering the mean of exact match and F1, else its one main metric."""
        main, means = RULES[self.part.rule].main, self.means
        return sum(means[metric] for metric in main) / len(main)


@dataclass(frozen=True, slots=True)
class SuiteScore:
    """A scored submission."""

    suite: Suite
    tasks: tuple[TaskScore, ...]

    @property
    def whole(self) -> dict[str, float]:
        """Scores of the tasks that have every language, by name."""
        return {task.part.name: task.score for task in self.tasks if not task.missing}

    @property
    def groups(self) -> dict[str, float]:
        """Means of the groups whose tasks are whole."""
        found = {}
        for group in self.suite.groups:
            names = [part.name for part in self.suite.parts if part.group == group]
            if all(name in self.whole for name in names):
                found[group] = sum(self.whole[name] for name in names) / len(names)
        return found

    @property
    def average(self) -> float | None:
        """The benchmark's average over its tasks; ``None`` unless all are whole."""
        names = [part.name for part in self.suite.parts]
        if not all(name in self.whole for name in names):
            return None
        return sum(self.whole[name] for name in names) / len(names)

    def to_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "benchmark": self.suite.name,
            "average": self.average,
            "groups": self.groups,
            "tasks": {
                task.part.name: {
                    "rule": task.part.rule, "score": task.score, "means": task.means,
                    "languages": dict(task.languages), "missing": list(task.missing),
                }
                for task in self.tasks
            },
        }  # fmt: skip


def score_submission(predictions: Path, labels: Path, suite: Suite) -> SuiteScore:
    """Score the tasks that both directories have.

    Raises
    ------
    CrossliftError
        If they share no task of the benchmark, or predictions do not fit their labels.
    """
    for place in (predictions, labels):
        if not place.is_dir():
            raise CrossliftError(f"'{place}' is not a directory.", "Give one with TASK/test-LANGUAGE.tsv or .json.")
    there = tasks_of(predictions) & tasks_of(labels)
    found = []
    for part in suite.parts:
        if part.name in there:
            found.append(_task(part, predictions, labels))
    if not found:
        raise CrossliftError(
            f"'{predictions}' and '{labels}' share no task of {suite.name}.",
            f"Tasks: {', '.join(part.name for part in suite.parts)}.",
        )
    return SuiteScore(suite, tuple(found))


def _task(part: Part, predictions: Path, labels: Path) -> TaskScore:
    rule = RULES[part.rule]
    files = {place: languages_of(place, part.name, rule.ending) for place in (predictions, labels)}
    given = [code for code in part.languages if all(code in codes for codes in files.values())]
    if not given:
        raise CrossliftError(
            f"'{predictions}' and '{labels}' share no language of {part.name}.",
            f"Files: {file_of(predictions, part.name, 'LANGUAGE', rule.ending)}.",
        )
    scores = {}
    for code in given:
        wanted, own = (file_of(place, part.name, code, rule.ending) for place in (labels, predictions))
        scores[code] = rule.score(wanted, own, code)
    return TaskScore(part, scores, tuple(code for code in part.languages if code not in given))
