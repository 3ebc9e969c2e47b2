"""Rules of benchmarks: from a file of labels and a file of predictions to points.

Each rule reads both files of one task and language and returns metrics by name, the ones that the benchmark reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.core.errors import CrossliftError

from ..kinds.metrics import answers, tags
from ..kinds.metrics.sets import overlap

#: How many of a ranking count, as in Mewsli-X.
RANKED = 20

Metrics = dict[str, float]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a task is scored: the ending of its files, the function, and the metrics whose mean is the task's score."""

    ending: str
    score: Callable[[Path, Path, str], Metrics]
    main: tuple[str, ...]


def accuracy(labels: Path, predictions: Path, language: str) -> Metrics:
    """Share of equal lines."""
    return _accuracy(_lines(labels), _lines(predictions), predictions)


def choice(labels: Path, predictions: Path, language: str) -> Metrics:
    """Share of equal values of ``label`` in lines of JSON."""
    own, wanted = ([_json(path, line)["label"] for line in _lines(path)] for path in (predictions, labels))
    return _accuracy(wanted, own, predictions)


def spans(labels: Path, predictions: Path, language: str) -> Metrics:
    """Precision, recall and F1 of tagged spans; one tag a line, an empty line after each sentence."""
    wanted, own = _sentences(labels), _sentences(predictions)
    if [*map(len, wanted)] != [*map(len, own)]:
        raise _unlike(predictions, f"{sum(map(len, own)):,} tags in {len(own):,} sentences",
                      f"{sum(map(len, wanted)):,} in {len(wanted):,}")  # fmt: skip
    return _points(tags.span_scores(wanted, own))


def pairs(labels: Path, predictions: Path, language: str) -> Metrics:
    """Precision, recall and F1 of pairs of sentences, one a line."""
    return _points(overlap(set(_lines(labels)), set(_lines(predictions))))


def squad(labels: Path, predictions: Path, language: str) -> Metrics:
    """Exact match and F1 by the rules of SQuAD."""
    return _answers(labels, predictions, answers.find_form("squad", language))


def mlqa(labels: Path, predictions: Path, language: str) -> Metrics:
    """Exact match and F1 by the rules of MLQA, which depend on the language."""
    return _answers(labels, predictions, answers.find_form("mlqa", language))


def ranking(labels: Path, predictions: Path, language: str) -> Metrics:
    """Mean average precision of the first ``RANKED`` of each ranking."""
    wanted, own = _content(labels), _content(predictions)
    _check_ids(predictions, wanted, own)
    found = [_average_precision(own[name], wanted[name]) for name in wanted]
    return {f"map@{RANKED}": 100.0 * sum(found) / len(found)}


RULES: Mapping[str, Rule] = {
    "accuracy": Rule("tsv", accuracy, ("accuracy",)),
    "choice": Rule("jsonl", choice, ("accuracy",)),
    "spans": Rule("tsv", spans, ("f1",)),
    "pairs": Rule("tsv", pairs, ("f1",)),
    "squad": Rule("json", squad, ("exact_match", "f1")),
    "mlqa": Rule("json", mlqa, ("exact_match", "f1")),
    "ranking": Rule("json", ranking, (f"map@{RANKED}",)),
}


def _accuracy(wanted: Sequence[Any], own: Sequence[Any], path: Path) -> Metrics:
    if len(own) != len(wanted):
        raise _unlike(path, f"{len(own):,} predictions", f"{len(wanted):,}")
    return {"accuracy": 100.0 * sum(a == b for a, b in zip(own, wanted, strict=True)) / len(wanted)}


def _answers(labels: Path, predictions: Path, form: answers.Form) -> Metrics:
    content, own = _content(labels), _content(predictions)
    questions = {
        str(question["id"]): [str(answer["text"]) for answer in question["answers"]]
        for article in content["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    }
    _check_ids(predictions, questions, own)
    n = len(questions)
    return {
        "exact_match": 100.0
        * sum(answers.exact_match(str(own[name]), questions[name], form) for name in questions)
        / n,
        "f1": 100.0 * sum(answers.token_f1(str(own[name]), questions[name], form) for name in questions) / n,
    }


def _average_precision(ranked: Sequence[str], relevant: Sequence[str]) -> float:
    """Mean of the precision at each relevant item that is found."""
    hits, total = 0, 0.0
    for place, item in enumerate(ranked[:RANKED], start=1):
        if item in relevant:
            hits += 1
            total += hits / place
    return total / len(relevant)


def _points(shares: Mapping[str, float]) -> Metrics:
    return {name: 100.0 * share for name, share in shares.items()}


def _lines(path: Path) -> list[str]:
    try:
        found = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise CrossliftError(f"'{path}' is not UTF-8: {error}.", "Convert it.") from error
    while found and not found[-1]:
        found.pop()
    if not found:
        raise CrossliftError(f"'{path}' is empty.", "Give one line for each item.")
    return found


def _sentences(path: Path) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in _lines(path):
        if line:
            found[-1].append(line)
        else:
            found.append([])
    return found


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CrossliftError(f"'{path}' is not JSON: {error}.", "Is it whole?") from error


def _content(path: Path) -> Any:
    return _json(path, path.read_text(encoding="utf-8"))


def _check_ids(path: Path, wanted: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    missing = [name for name in wanted if name not in own]
    if missing:
        raise CrossliftError(
            f"'{path}' lacks {len(missing):,} of {len(wanted):,} predictions, such as that of '{missing[0]}'.",
            "Predict every item; an empty answer is a prediction.",
        )


def _unlike(path: Path, given: str, wanted: str) -> CrossliftError:
    return CrossliftError(f"'{path}' has {given}; the labels have {wanted}.", "Predict every item, in their order.")
