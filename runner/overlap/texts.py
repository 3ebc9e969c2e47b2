"""Texts by language: a table with a column of languages and one of texts, or a directory of ``CODE.txt``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.core.errors import CrossliftError, UnknownLanguageError, unknown_name
from analysis.languages.codes import resolve
from analysis.languages.column import reader
from analysis.records.files import read_table
from analysis.records.headers import SYNONYMS, fold

if TYPE_CHECKING:
    import pandas as pd

LANGUAGE = ("language", *SYNONYMS["language"])
TEXT = ("text", "sentence", "sentences", "texts", "premise", "context")
SPLIT = "split"


def read_texts(path: Path, split: str | None = None) -> dict[str, list[str]]:
    """Texts by language, under the codes of the file, in its order.

    Parameters
    ----------
    path
        A table (any format that scores are read from, also packed) with columns ``language`` and ``text``, or a
        directory with a file ``CODE.txt`` for each language, one text a line.
    split
        Keep the rows whose column ``split`` has this value.

    Raises
    ------
    CrossliftError
        If there are no such columns, or a code is no language.
    """
    found = _of_directory(path) if path.is_dir() else _of_table(path, split)
    texts = {code: [text for text in own if text.strip()] for code, own in found.items()}
    texts = {code: own for code, own in texts.items() if own}
    if not texts:
        raise CrossliftError(f"'{path.name}' has no texts.")
    read = reader(texts)
    for code in texts:
        try:
            read(code)
        except UnknownLanguageError as error:
            raise CrossliftError(f"{path.name}: {error.message}", error.hint) from error
    return texts


def language_of(texts: dict[str, list[str]], wanted: str) -> str:
    """The code under which a language stands among ``texts``: in its usual script if there are several.

    Raises
    ------
    CrossliftError
        If it is not there.
    """
    if wanted in texts:
        return wanted
    iso, read = resolve(wanted).iso, reader(texts)
    there = {code: read(code) for code in texts}
    codes = [code for code, one in there.items() if one.language.iso == iso]
    usual = [code for code in codes if not there[code].variant]
    if not codes:
        raise unknown_name("language of the texts", wanted, texts)
    return (usual or codes)[0]


def _of_directory(path: Path) -> dict[str, list[str]]:
    files = sorted(path.glob("*.txt"))
    if not files:
        raise CrossliftError(f"the directory '{path}' has no file CODE.txt.", "One file a language, one text a line.")
    return {file.stem: file.read_text(encoding="utf-8").splitlines() for file in files}


def _of_table(path: Path, split: str | None) -> dict[str, list[str]]:
    table = read_table(path).table
    columns = {fold(str(column)): column for column in reversed(list(table.columns))}
    language, text = _column(columns, LANGUAGE), _column(columns, TEXT)
    if language is None or text is None:
        lacking = "languages" if language is None else "texts"
        raise CrossliftError(
            f"{path.name} has no column of {lacking}; its columns are {', '.join(map(str, table.columns))}.",
            "Call them 'language' and 'text'.",
        )
    if split is not None:
        table = _only(table, columns, split, path.name)
    codes = table[language].fillna("").astype(str).str.strip()
    return {str(code): list(own) for code, own in table[text].fillna("").astype(str).groupby(codes, sort=False)}


def _only(table: pd.DataFrame, columns: dict[str, Any], split: str, name: str) -> pd.DataFrame:
    if SPLIT not in columns:
        raise CrossliftError(f"{name} has no column 'split'.", "Leave --split out.")
    values = table[columns[SPLIT]].astype(str)
    if split not in set(values):
        raise unknown_name("split", split, sorted(set(values)))
    return table[values == split]


def _column(columns: dict[str, Any], words: Sequence[str]) -> Any:
    return next((columns[word] for word in words if word in columns), None)
