"""From rows of a table to examples: the same for a local file and for the hub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError

from .base import Examples
from .spec import Spec

if TYPE_CHECKING:
    import pandas as pd


def make_examples(spec: Spec, rows: pd.DataFrame, labels: Sequence[str], language: str) -> Examples:
    """Examples of rows that all belong to one split and language.

    Raises
    ------
    CrossliftError
        If a label is none of ``labels``, or words and tags of a sentence differ in number.
    """
    ids = _ids(spec, rows)
    if spec.kind == "retrieval" and any((rows[column] == "").any() for column in spec.fields.values()):
        return _corpora(spec, rows, ids, language)
    fields = _fields(spec, rows)
    return Examples(fields, _labels(spec, rows, labels, fields, ids), ids, language)


def _corpora(spec: Spec, rows: pd.DataFrame, ids: tuple[str, ...], language: str) -> Examples:
    """Two corpora to mine, as in BUCC: a row with both sides is a gold pair, one with an empty side belongs to none."""
    sides: dict[str, list[Any]] = {"source": [], "target": []}
    gold, kept = [], []
    for name, source, target in zip(ids, *(rows[spec.fields[side]] for side in sides), strict=True):
        if source and target:
            gold.append((len(sides["source"]), len(sides["target"])))
        if source:
            sides["source"].append(source)
            kept.append(name)
        if target:
            sides["target"].append(target)
    return Examples(sides, None, tuple(kept), language, tuple(gold))


def languages_of(spec: Spec, rows: pd.DataFrame) -> pd.Series[str]:
    """What the data call the language of each row.

    Raises
    ------
    CrossliftError
        If the pattern does not fit a row.
    """
    said = rows[spec.language_column].astype(str)
    if not spec.language_pattern:
        return said
    found = said.str.extract(spec.language_pattern, expand=False)
    if found.isna().any():
        raise CrossliftError(
            f"'{spec.name}': '{said[found.isna()].iloc[0]}' in column '{spec.language_column}' does not say a language "
            f"({int(found.isna().sum())} of {len(rows)} rows).",
            f"Change 'language_pattern', which is {spec.language_pattern}.",
        )
    return found


def label_names(spec: Spec, rows: pd.DataFrame) -> tuple[str, ...]:
    """Names of the classes: those of the specification, else those that occur, sorted."""
    if spec.labels or not spec.label:
        return spec.labels
    values = rows[spec.label]
    if spec.kind == "tagging":
        return tuple(sorted({tag for tags in values for tag in split_words(tags)}))
    return tuple(sorted({str(value) for value in values}))


def split_words(value: Any) -> list[str]:
    """Words of a sentence: a list already, or text with blanks between."""
    return value.split(" ") if isinstance(value, str) else [str(item) for item in value]


def _fields(spec: Spec, rows: pd.DataFrame) -> dict[str, list[Any]]:
    columns = spec.fields
    if spec.kind == "tagging":
        return {"tokens": [split_words(value) for value in rows[columns["tokens"]]]}
    if spec.kind == "choice":
        question = rows[columns["question"]].tolist() if "question" in columns else [""] * len(rows)
        where = columns["choices"]
        parts = rows[where] if isinstance(where, str) else zip(*(rows[column] for column in where), strict=True)
        choices = [[str(choice) for choice in found] for found in parts]
        return {"premise": rows[columns["premise"]].tolist(), "question": question, "choices": choices}
    if spec.kind == "qa":
        contexts = rows[columns["context"]].tolist()
        parts = zip(rows[columns["answer"]], rows[columns["start"]], contexts, strict=True)
        return {
            "question": rows[columns["question"]].tolist(),
            "context": contexts,
            "answers": [_answers(*part) for part in parts],
        }
    return {name: rows[column].tolist() for name, column in columns.items()}


def _answers(text: Any, start: Any, context: str) -> list[dict[str, Any]]:
    """One answer a row in a table; lists of them on the hub."""
    texts, starts = ([text], [start]) if isinstance(text, str) else (text, start)
    return [{"text": str(t), "start": place(str(t), int(s), context)} for t, s in zip(texts, starts, strict=True)]


def place(text: str, start: int, context: str) -> int:
    """Where an answer stands: the place that is said, else the nearest one with its text, else behind the context.

    Copies of TyDi QA and MLQA have lost the blanks in front of a context, but count them in its answers' places. An
    answer behind the context is in no window of it, which training reads as a question without one.
    """
    if context.startswith(text, start):
        return start
    found = [match.start() for match in re.finditer(f"(?={re.escape(text)})", context)]
    return min(found, key=lambda at: abs(at - start)) if found else len(context)


def _ids(spec: Spec, rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(str(value) for value in (rows[spec.id] if spec.id else range(len(rows))))


def _labels(spec: Spec, rows: pd.DataFrame, labels: Sequence[str], fields: dict[str, Any], ids: tuple[str, ...]) -> Any:
    import numpy as np

    if spec.kind == "qa":
        return [[answer["text"] for answer in answers] for answers in fields["answers"]]
    if not spec.label:
        return None
    index = {label: i for i, label in enumerate(labels)}

    def code(value: Any) -> int:
        if str(value) not in index:
            raise CrossliftError(
                f"'{spec.name}' has the label '{value}', which its training data do not have.",
                f"Labels: {', '.join(labels[:20])}.",
            )
        return index[str(value)]

    if spec.kind != "tagging":
        return np.array([code(value) for value in rows[spec.label]], dtype=np.int64)
    tagged = []
    for name, words, tags in zip(ids, fields["tokens"], rows[spec.label], strict=True):
        own = split_words(tags)
        if len(own) != len(words):
            raise CrossliftError(f"sentence {name} of '{spec.name}' has {len(words)} words and {len(own)} tags.")
        tagged.append(np.array([code(tag) for tag in own], dtype=np.int64))
    return tagged
