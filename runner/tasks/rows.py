"""From rows of a table to examples: the same for a local file and for the hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.core.errors import CrossliftError

from ..kinds.examples import Examples, Rows
from ..kinds.registry import find_kind
from .spec import Spec

if TYPE_CHECKING:
    import pandas as pd


def make_examples(spec: Spec, rows: pd.DataFrame, labels: Sequence[str], language: str) -> Examples:
    """Examples of rows that all belong to one split and language.

    Raises
    ------
    CrossliftError
        If a label is none of ``labels``, or a row is not an example of the kind.
    """
    ids = tuple(str(value) for value in (rows[spec.id] if spec.id else range(len(rows))))
    return find_kind(spec.kind).read(Rows(spec.name, rows, spec.fields, spec.label, labels, ids, language))


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
    return find_kind(spec.kind).class_names(rows[spec.label])
