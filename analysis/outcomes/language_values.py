"""Join values of languages, or of pairs of languages, to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import RecordError
from ..core.text import count
from ..languages.codes import AVERAGE, resolve
from ..records.condition import CODE, SCRIPT, Condition
from ..records.language_values import Key, LanguageValues
from .sources import of_rows

if TYPE_CHECKING:
    import pandas as pd

#: Codes that a sentence on what is missing names.
NAMED = 12


def join_values(frame: pd.DataFrame, values: LanguageValues, source: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows with the columns of ``values``, and what to say about them.

    A pair is the language trained on and the language tested; a value stands for both directions in a table that states
    each pair in one. Rows in another script than the usual one take the value of that script where there is one.

    Raises
    ------
    RecordError
        If the rows have such a column already, or none of them has a value.
    """
    import pandas as pd

    name = values.source.name
    for column in values.names:
        if column in frame.columns:
            raise RecordError(f"{name}: the rows have a column '{column}' already.", "Rename the one in the table.")
    keys = _keys(frame, values, source)
    distinct = list(dict.fromkeys(keys))
    found: dict[Key, tuple[float, ...] | None] = {}
    turned = 0
    for key in distinct:
        language, writing, own, model = key
        value = values.values.get(key)
        value = values.values.get((language, "", own, model)) if value is None and writing else value
        if value is None and values.either_way:
            value = values.values.get((own, "", language, model))
            turned += value is not None
        found[key] = value
    if all(value is None for value in found.values()):
        raise RecordError(
            f"none of the {count(frame['language'].nunique())} languages of these rows has a value in {name}.",
            _first(values, frame),
        )
    empty = (float("nan"),) * len(values.names)
    table = np.array([found[key] or empty for key in distinct], dtype=float)
    position = {key: i for i, key in enumerate(distinct)}
    rows = np.array([position[key] for key in keys], dtype=np.intp)
    joined = pd.DataFrame({column: table[rows, j] for j, column in enumerate(values.names)}, index=frame.index)
    return pd.concat([frame, joined], axis=1), (*_notices(values, distinct, table), *_turned(values, turned, distinct))


def _keys(frame: pd.DataFrame, values: LanguageValues, source: str) -> list[Key]:
    languages = frame["language"].astype(str).tolist()
    texts = frame["condition"].fillna("") if "condition" in frame.columns else frame["language"].map(lambda _: "")
    written = {text: _writing(text) for text in texts.unique()}
    writings = [written[text] for text in texts]
    own = of_rows(frame, source).astype(str).tolist() if values.paired else [""] * len(frame)
    models = frame["model"].astype(str).tolist() if values.by_model else [""] * len(frame)
    return list(zip(languages, writings, own, models, strict=True))


def _writing(text: str) -> str:
    condition = Condition.parse(text)
    return condition.value(SCRIPT) or condition.value(CODE) or ""


def _notices(values: LanguageValues, distinct: list[Key], table: np.ndarray) -> list[str]:
    """How many languages, or pairs, have each value, and which have none."""
    lines = []
    for j, column in enumerate(values.names):
        known = {key[0] for key, row in zip(distinct, table, strict=True) if not np.isnan(row[j])}
        every = {key[0] for key in distinct if key[0] != AVERAGE}
        what = f"'{column}' for {len(known)} of {len(every)} languages"
        if values.paired:
            pairs = {(key[0], key[2]): not np.isnan(row[j]) for key, row in zip(distinct, table, strict=True)}
            what += f", {count(sum(pairs.values()))} of {count(len(pairs))} pairs"
        lacking = sorted(every - known)
        if lacking:
            named = ", ".join(_label(code) for code in lacking[:NAMED])
            what += f"; none for {named}" + (f" and {len(lacking) - NAMED} more" if len(lacking) > NAMED else "")
        lines.append(f"{values.source.name}: {what}.")
    asked = {key[0] for key in distinct if not key[1]}
    lines += [
        f"{values.source.name}: '{code}' stands in several scripts ({', '.join(texts)}) with different values, and "
        "rows that state none have no value."
        for code, texts in values.ambiguous.items()
        if code in asked
    ]
    return lines


def _turned(values: LanguageValues, turned: int, distinct: list[Key]) -> tuple[str, ...]:
    if not turned:
        return ()
    return (
        f"{values.source.name}: {count(turned)} of {count(len(distinct))} pairs are stated in the other direction "
        "alone, and are taken to be the same in both.",
    )


def _first(values: LanguageValues, frame: pd.DataFrame) -> str:
    models = sorted({key[3] for key in values.values} - {""})
    if models and not set(models) & set(frame["model"].astype(str)):
        return f"Its values belong to the models {', '.join(models[:NAMED])}, which are not in these rows."
    return "Its languages: " + ", ".join(sorted({_label(key[0]) for key in values.values})[:NAMED]) + "."


def _label(code: str) -> str:
    return resolve(code).label
