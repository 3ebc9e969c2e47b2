"""Languages trained on: one for all rows, or each row's own where a table has several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import DesignError
from ..languages.codes import AVERAGE, resolve

if TYPE_CHECKING:
    import pandas as pd

#: Column of each row's own training language; only there where it is not the same for all rows.
SOURCE = "source_language"


def with_sources(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    """Add :data:`SOURCE` where ``train_language`` says other languages than ``source``.

    Rows that say none, or several at once, have ``source``; so have rows of method ``direct``, which are no transfer.
    """
    stated = rows["train_language"].where((rows["train_language"] != AVERAGE) & (rows["method"] != "direct"))
    if set(stated.dropna().unique()) <= {source}:
        return rows
    return rows.assign(**{SOURCE: stated.fillna(source).astype("str")})


def of_rows(rows: pd.DataFrame, source: str) -> pd.Series[str]:
    """The language that each row was trained on."""
    import pandas as pd

    return rows[SOURCE] if SOURCE in rows.columns else pd.Series(source, index=rows.index, dtype="str")


def source_words(rows: pd.DataFrame, source: str) -> str:
    """What a sentence calls the language that distance and gaps are measured from."""
    if SOURCE not in rows.columns:
        return resolve(source).name
    found = rows[SOURCE].unique()
    return resolve(str(found[0])).name if len(found) == 1 else "the language trained on"


def source_code(rows: pd.DataFrame, source: str) -> str:
    """Code of the one language that distance is measured from, or words where there are several."""
    if SOURCE not in rows.columns:
        return source
    found = rows[SOURCE].unique()
    return str(found[0]) if len(found) == 1 else "the language trained on"


def design_notice(rows: pd.DataFrame) -> tuple[str, ...]:
    """What the design is, where rows have training languages of their own."""
    if SOURCE not in rows.columns:
        return ()
    names = [resolve(str(code)).name for code in rows[SOURCE].unique()]
    tested = rows["language"].nunique()
    several = f"{len(names)} languages trained on" if len(names) > 1 else f"training in {names[0]}"
    listed = f" ({', '.join(names[:6])}{', …' if len(names) > 6 else ''})" if len(names) > 1 else ""
    return (
        f"{several}{listed}, {tested} tested: distance and gaps are those of each row's pair, and a score in the "
        "language trained on is no transfer.",
    )


def refuse_several(rows: pd.DataFrame, question: str) -> None:
    """Refuse a question that measures all distances from one language.

    Raises
    ------
    DesignError
        If rows have training languages of their own.
    """
    codes = list(rows[SOURCE].unique()) if SOURCE in rows.columns else []
    if len(codes) > 1:
        raise DesignError(
            f"{question} measures distance from one language, and these rows were trained on {len(codes)}.",
            f"Keep one: --where \"train_language == '{codes[0]}'\" --source {codes[0]}.",
        )
