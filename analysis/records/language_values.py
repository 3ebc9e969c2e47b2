"""Numbers of the user's own at the level of languages or of pairs of languages, from a table of codes and values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import RecordError, UnknownLanguageError, did_you_mean
from ..core.frames import Frame, as_frame
from ..languages.codes import Resolution, resolve
from ..languages.column import reader
from . import bundled
from .cells import looks_numeric, parse_column
from .files import read_table
from .headers import SYNONYMS, fold
from .read import FRAME, Source
from .schema import NAMES
from .tidy import tidy

if TYPE_CHECKING:
    import pandas as pd

#: Headings of the language that a value is of, of the one it is measured from, and of the model that it belongs to.
LANGUAGE = ("language", *SYNONYMS["language"], "code", "target", "to")
FROM = ("trainlanguage", *SYNONYMS["train_language"], "source", "from")
#: Of these, headings that mean something else too: where a value was read, for example.
VAGUE = frozenset({"code", "target", "to", "source", "from"})
MODEL = ("model", *SYNONYMS["model"])

#: A key of a value: language, how it is written (empty: as usual), language measured from, model.
Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class LanguageValues:
    """Values by language.

    Attributes
    ----------
    source
        Name, hash and rows of the table.
    names
        Its columns of numbers.
    paired
        True if values are those of pairs of languages.
    by_model
        True if values belong to models.
    values
        Numbers in the order of ``names``, NaN where a cell is empty, by key.
    either_way
        True if pairs of several languages measured from are stated in one direction each: a value stands for both.
    ambiguous
        Codes of languages that stand in several scripts with different values, none of them the usual one.
    """

    source: Source
    names: tuple[str, ...]
    paired: bool
    by_model: bool
    values: Mapping[Key, tuple[float, ...]]
    either_way: bool = False
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def only(self, name: str) -> LanguageValues:
        """The values of one column."""
        at = self.names.index(name)
        return replace(self, names=(name,), values={key: (value[at],) for key, value in self.values.items()})


def read_language_values(given: str | Frame) -> LanguageValues:
    """Read a table of languages, or pairs of languages, and numbers.

    Parameters
    ----------
    given
        A file, a frame, or the name of a bundled set of covariates. A column ``language`` (or one whose heading means
        it) holds codes in any form; ``train_language``, where there is one, the language that a value is measured
        from; ``model`` the model that it belongs to. All other columns of numbers are values.

    Raises
    ------
    RecordError
        If the table has no languages or no numbers, a code is missing or unknown, or one language has two values.
    """
    name, table, first_line, digest = _open(given)
    table = tidy(table)
    lines = [int(position) + first_line for position in table.index]
    roles = {role: _column(table, words) for role, words in (("language", LANGUAGE), ("from", FROM), ("model", MODEL))}
    language, origin, model = roles["language"], roles["from"], roles["model"]
    if language is None:
        raise RecordError(
            f"{name} has no column of languages; its columns are {', '.join(map(str, table.columns))}.",
            "Call it 'language'; where values are of pairs, the language trained on is 'train_language'.",
        )
    columns = [column for column in table.columns if column not in roles.values()]
    numbers = {str(column): table[column] for column in columns if looks_numeric(table[column])}
    if not numbers:
        raise RecordError(f"{name} has no column of numbers besides its languages.", "Add one, such as 'distance'.")
    for column in numbers:
        if column in NAMES:
            raise RecordError(
                f"{name}, column '{column}': that is a field of the records, not a number of languages.", "Rename it."
            )
    values = list(zip(*(_numbers(cells, column, name, lines) for column, cells in numbers.items()), strict=True))
    tested = _codes(table[language], language, name, lines)
    sources = _codes(table[origin], origin, name, lines) if origin else None
    models = [str(cell).strip() for cell in table[model]] if model else None
    keys = [
        (one.language.iso, one.variant, sources[i].language.iso if sources else "", models[i] if models else "")
        for i, one in enumerate(tested)
    ]
    texts = [str(cell).strip() for cell in table[language]]
    merged, ambiguous = _merged(keys, values, texts, tested, name, lines, list(numbers))
    source = Source(name, digest, len(table))
    either_way = origin is not None and _one_direction(merged)
    return LanguageValues(source, tuple(numbers), origin is not None, model is not None, merged, either_way, ambiguous)


def _one_direction(values: Mapping[Key, tuple[float, ...]]) -> bool:
    """Whether there are pairs of several languages measured from, and none is stated in both directions."""
    pairs = {(key[0], key[2]) for key in values}
    several = len({source for _, source in pairs}) > 1
    return several and not any(a != b and (b, a) in pairs for a, b in pairs)


def _open(given: str | Frame) -> tuple[str, pd.DataFrame, int, str]:
    """Name, cells, line of the first row and hash."""
    if not isinstance(given, (str, Path)):
        frame = as_frame(given)
        text = frame.to_csv(index=False, lineterminator="\n")
        return FRAME, frame, 0, hashlib.sha256(text.encode()).hexdigest()
    path = Path(given)
    if not path.exists() and str(given) in bundled.catalog():
        entry = bundled.find(str(given))
        if entry.kind != "covariates":
            raise RecordError(f"the bundled set '{given}' holds scores, not values of languages.")
        return entry.name, bundled.load(entry.name), 2, entry.sha256()
    if path.is_dir():
        raise RecordError(f"'{given}' is a directory, not a table of languages and values.")
    if not path.exists() and not path.suffix:
        sets = [name for name, entry in bundled.catalog().items() if entry.kind == "covariates"]
        raise RecordError(f"'{given}' is neither a file nor a bundled set.", did_you_mean(str(given), sets))
    found = read_table(path)
    return path.name, found.table, found.first_line, hashlib.sha256(path.read_bytes()).hexdigest()


def _column(table: pd.DataFrame, words: Sequence[str]) -> Any:
    """The column with the first of these headings, ``None`` if there is none."""
    folded: dict[str, Any] = {}
    for column in table.columns:
        folded.setdefault(fold(str(column)), column)
    found = [word for word in words if word in folded]
    return next((folded[word] for word in found if word not in VAGUE or _mostly_languages(table[folded[word]])), None)


def _mostly_languages(cells: pd.Series[Any]) -> bool:
    """Whether half of the different cells or more are languages: a few misspelt ones are named later."""
    texts = [str(cell).strip() for cell in cells.dropna().unique()]
    known = sum(_is_language(text) for text in texts)
    return bool(texts) and 2 * known >= len(texts)


def _is_language(text: str) -> bool:
    try:
        resolve(text)
    except UnknownLanguageError:
        return False
    return True


def _numbers(cells: Iterable[object], column: str, name: str, lines: Sequence[int]) -> list[float]:
    """A column of numbers, NaN where a cell is empty."""
    given = list(cells)
    found = parse_column(given)
    if found.bad >= 0:
        raise RecordError(
            f"{_at(name, lines[found.bad], column)}: '{given[found.bad]}' is not a number.",
            "Leave the cell empty if there is no value.",
        )
    return [float("nan") if value is None else value for value in found.values]


def _codes(cells: pd.Series[Any], column: object, name: str, lines: Sequence[int]) -> list[Resolution]:
    """Languages of a column; an empty or unknown cell is named by its line."""
    texts = ["" if cell is None or cell != cell else str(cell).strip() for cell in cells]
    for i, text in enumerate(texts):
        if not text:
            raise RecordError(f"{_at(name, lines[i], column)}: no language.", "Fill the cell, or delete the row.")
    read: Callable[[str], Resolution] = reader(texts)
    found: dict[str, Resolution] = {}
    for i, text in enumerate(texts):
        if text in found:
            continue
        try:
            found[text] = read(text)
        except UnknownLanguageError as error:
            raise RecordError(f"{_at(name, lines[i], column)}: {error.message}", error.hint) from error
    return [found[text] for text in texts]


def _merged(
    keys: Sequence[Key],
    values: Sequence[tuple[float, ...]],
    texts: Sequence[str],
    tested: Sequence[Resolution],
    name: str,
    lines: Sequence[int],
    columns: Sequence[str],
) -> tuple[dict[Key, tuple[float, ...]], dict[str, tuple[str, ...]]]:
    """One value a key; the same one twice counts once, and scripts of one language are kept apart by their codes.

    Raises
    ------
    RecordError
        If one language has two values that no script tells apart.
    """
    kept: dict[Key, tuple[float, ...]] = {}
    first: dict[Key, int] = {}
    ambiguous: dict[str, tuple[str, ...]] = {}
    for i, (key, value) in enumerate(zip(keys, values, strict=True)):
        if key not in first:
            kept[key], first[key] = value, i
            continue
        j = first[key]
        if _same(value, values[j]):
            continue
        one, other = tested[j], tested[i]
        if one.script and other.script and one.script != other.script:
            ambiguous[key[0]] = tuple(dict.fromkeys((*ambiguous.get(key[0], ()), texts[j], texts[i])))
            continue
        column = next(c for c, a, b in zip(columns, values[j], value, strict=True) if not _same((a,), (b,)))
        at = columns.index(column)
        from_ = f" from '{key[2]}'" if key[2] else ""
        codes = f"'{texts[i]}'" if texts[i] == texts[j] else f"'{texts[j]}' and '{texts[i]}' (both '{key[0]}')"
        has = "has" if texts[i] == texts[j] else "have"
        raise RecordError(
            f"{name}, lines {lines[j]} and {lines[i]}: {codes}{from_} {has} two values of '{column}', "
            f"{values[j][at]:g} and {value[at]:g}.",
            "Keep one of them.",
        )
    for i, key in enumerate(keys):
        if key[0] in ambiguous and not key[1]:
            kept.pop(key, None)
            kept[key[0], texts[i], key[2], key[3]] = values[i]
    return _plain_where_one(kept), ambiguous


def _plain_where_one(values: dict[Key, tuple[float, ...]]) -> dict[Key, tuple[float, ...]]:
    """With the one writing of a language, whatever its script, as the language's own: Korean in ``Hang``."""
    writings: dict[Key, list[str]] = {}
    for language, writing, source, model in values:
        writings.setdefault((language, "", source, model), []).append(writing)
    return {(key if len(writings[key[0], "", key[2], key[3]]) > 1 else (key[0], "", key[2], key[3])): value
            for key, value in values.items()}  # fmt: skip


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a == b or (a != a and b != b) for a, b in zip(one, other, strict=True))


def _at(name: str, line: int, column: object) -> str:
    return f"{name}, line {line}, column '{column}'"
