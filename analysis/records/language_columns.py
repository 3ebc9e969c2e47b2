"""Languages of records: printed codes become ISO 639-3, scripts and other writings become conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import RecordError, UnknownLanguageError
from ..core.missing import MISSING
from ..languages import iso639, tags
from ..languages.aggregates import is_average
from ..languages.codes import AVERAGE, Resolution
from ..languages.column import reader
from .condition import CODE, SCRIPT, Condition
from .numeric import Place
from .schema import EVALUATION

if TYPE_CHECKING:
    import pandas as pd


def resolve_languages(frame: pd.DataFrame, place: Place) -> list[str]:
    """Replace printed codes by ISO 639-3, in place; keep the printed code in ``note``, the script in ``condition``.

    Two printed codes of one language stay apart: by their scripts, or by the codes themselves where one evaluation has
    a score under each.

    Raises
    ------
    RecordError
        If a language is missing or is none, with line, column and the nearest languages.
    """
    printed = frame["language"]
    _refuse_missing(printed, place)
    codes = list(dict.fromkeys(printed))
    read = reader(code for code in codes if not is_average(code))
    found = {code: _resolved(code, read, printed, place) for code in codes if not is_average(code)}
    resolved = {code: found[code].language.iso if code in found else AVERAGE for code in codes}
    notices = [
        f"language code '{code}' ({int((printed == code).sum())} rows) read as '{one.language.iso}': {one.warning}"
        for code, one in found.items()
        if one.warning
    ]
    averages = {code: int((printed == code).sum()) for code in codes if code not in found and code != AVERAGE}
    if averages:
        words = ", ".join(f"'{code}' ({rows} rows)" for code, rows in averages.items())
        notices.append(f"printed averages over languages, kept apart: {words}")
    frame["language"] = printed.map(resolved).astype("str")
    changed = (printed != frame["language"]) & (frame["language"] != AVERAGE)
    _note(frame, changed, "printed language code: " + printed.astype(str))
    for column in ("train_language", "intermediate_language"):
        if column in frame.columns:
            frame[column] = _other_languages(frame[column], place)
    variants = {code: Condition.of(**{SCRIPT: one.variant}) for code, one in found.items() if one.variant}
    _set_apart(frame, printed, variants)
    alike = _written_apart(frame, printed, found)
    _set_apart(frame, printed, {code: Condition.of(**{CODE: code}) for code in alike})
    by_language: dict[str, list[str]] = {}
    for code in found:
        by_language.setdefault(resolved[code], []).append(code)
    apart = [
        codes for codes in by_language.values() if len(codes) > 1 and any(c in variants or c in alike for c in codes)
    ]
    if apart:
        pairs = "; ".join(f"{' and '.join(map(repr, codes))} are both '{resolved[codes[0]]}'" for codes in apart)
        notices.append(f"writings of one language, kept apart in 'condition': {pairs}")
    return notices


def _refuse_missing(printed: pd.Series[Any], place: Place) -> None:
    rows = [row for row, code in enumerate(printed) if not isinstance(code, str) or code in MISSING]
    if not rows:
        return
    first = printed.iloc[rows[0]]
    lines = list(dict.fromkeys(place.line(row) for row in rows))
    shown = ", ".join(map(str, lines[:12])) + (", …" if len(lines) > 12 else "")
    more = f" ({len(rows)} rows; lines {shown})" if len(rows) > 1 else ""
    what = f"is missing: '{first}' is no language" if isinstance(first, str) else "is empty"
    raise RecordError(f"{place.at(rows[0], 'language')} {what}{more}.", "Every score needs its language.")


def _resolved(code: str, read: Callable[[str], Resolution], printed: pd.Series[Any], place: Place) -> Resolution:
    try:
        return read(code)
    except UnknownLanguageError as error:
        row = int((printed == code).to_numpy().argmax())
        raise RecordError(f"{place.at(row, printed.name)}: {error.message}", error.hint) from error


def _other_languages(column: pd.Series[Any], place: Place) -> pd.Series[Any]:
    codes = [code for code in column.dropna().unique() if code not in MISSING]
    read = reader(code for code in codes if not is_average(code))
    known = {code: AVERAGE if is_average(code) else _resolved(code, read, column, place).language.iso for code in codes}
    return column.map(known).astype("str")


def _written_apart(frame: pd.DataFrame, printed: pd.Series[Any], found: Mapping[str, Resolution]) -> list[str]:
    """Printed codes of one language under which one evaluation has two scores: two writings, not one said twice.

    ``de`` and ``German`` are one writing, and two scores under them a conflict; ``pt`` and ``pt-BR`` are two.
    """
    keys = [name for name in EVALUATION if name in frame.columns]
    if not frame.duplicated(keys).any():
        return []
    count = printed.groupby([frame[key].astype("str").fillna("") for key in keys]).transform("nunique")
    twice = set(frame.loc[(count > 1) & (frame["language"] != AVERAGE), "language"])
    codes = list(dict.fromkeys(printed[frame["language"].isin(twice)]))
    writings = {code: _writing(code, found[code]) for code in codes}
    several = {found[a].language.iso for a in codes for b in codes
               if found[a].language.iso == found[b].language.iso and writings[a] != writings[b]}  # fmt: skip
    return [code for code in codes if found[code].language.iso in several]


def _writing(code: str, found: Resolution) -> tuple[str, str, str]:
    """Script and region that a code spells out, and which language of ISO 639-3 it is, before any are merged."""
    first = tags.split(code)[0].casefold()
    own = iso639.by_code(first) if len(first) in (2, 3) else ""
    return found.script, found.region, own or iso639.by_name(iso639.name_key(code)) or found.language.iso


def _set_apart(frame: pd.DataFrame, printed: pd.Series[str], added: Mapping[str, Condition]) -> None:
    """Add to the condition of each row what its printed code adds, after what is there."""
    if not added:
        return
    import pandas as pd

    old = frame["condition"] if "condition" in frame.columns else [None] * len(frame)
    joined = [
        str(Condition.parse(text) + added[code]) if code in added else text
        for text, code in zip(old, printed, strict=True)
    ]
    frame["condition"] = pd.Series(joined, index=frame.index, dtype="str")


def _note(frame: pd.DataFrame, where: pd.Series[bool], text: pd.Series[str]) -> None:
    """Add ``text`` to the notes where ``where`` holds, after what is there."""
    if not where.any():
        return
    import pandas as pd

    old = frame["note"] if "note" in frame.columns else [None] * len(frame)
    joined = [
        before if not keep else f"{before}; {new}" if isinstance(before, str) else new
        for before, new, keep in zip(old, text, where, strict=True)
    ]
    frame["note"] = pd.Series(joined, index=frame.index, dtype="str")
