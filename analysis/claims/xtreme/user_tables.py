"""Tables that a user has, read from a filled template: scores as intervals, sizes and sources, each with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ...core.errors import CrossliftError, UnknownLanguageError, did_you_mean
from ...languages.aggregates import is_average
from ...languages.codes import resolve_code
from ..language.sheet import Sheet, as_number, decimals_of, read_sheet, zeros_dropped
from ..numbers.intervals import mean, rounded
from .printed_scores import Cell, Cells
from .template import AVERAGE, BEST, COLUMNS, LEADERBOARD, METRICS, NONE, SCORES, SIZES, VARIANTS, languages

#: A score's place: variant, split, intermediate task, target task, language, metric.
Place = tuple[str, str, str, str, str, str]
_SPLITS = ("test", "validation")


@dataclass(frozen=True, slots=True)
class Supplied:
    """Contents of a filled template.

    Attributes
    ----------
    name, sha256
        Of the file.
    scores
        Scores by place; a target task's language is ``mul`` for the average over languages.
    sizes, sources
        Training examples and source of intermediate tasks, with their line.
    rival
        The best other system's average on the leaderboard.
    empty
        Rows without value and text.
    """

    name: str
    sha256: str
    scores: Mapping[Place, Cell] = field(default_factory=dict)
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    rival: Cell | None = None
    empty: int = 0

    def intermediate(self, split: str, variant: str = "") -> tuple[str, ...]:
        """Intermediate tasks with a score, in the order of the file."""
        names = dict.fromkeys(place[2] for place in self.scores if place[:2] == (variant, split))
        return tuple(name for name in names if name not in (NONE, BEST))

    def cells(self, split: str, intermediate: str, variant: str = "") -> Cells:
        """Scores with and without an intermediate task; an average that is not printed is that of its languages."""
        found: dict[tuple[str, str, str], Cell] = {}
        for method, key in (("baseline", ("", split, NONE)), ("intermediate", (variant, split, intermediate))):
            for task, metrics in METRICS.items():
                for metric in metrics:
                    cell = self.scores.get((*key, task, AVERAGE, metric)) or self._over_languages(key, task, metric)
                    if cell is not None:
                        found[method, task, metric] = cell
        return Cells(self.name, found)

    def _over_languages(self, key: tuple[str, str, str], task: str, metric: str) -> Cell | None:
        """The mean over a task's languages, where every one of them is printed."""
        printed = [self.scores.get((*key, task, language, metric)) for language in languages()[task]]
        known = [cell for cell in printed if cell is not None]
        if len(known) < len(printed):
            return None
        return Cell(mean([cell.interval for cell in known]), known[0].line)

    def mismatches(self) -> Iterator[str]:
        """Averages that the scores by language of the same file do not give."""
        for place, cell in self.scores.items():
            if place[4] != AVERAGE:
                continue
            found = self._over_languages(place[:3], place[3], place[5])
            if found is not None and not found.interval.meets(cell.interval):
                yield (
                    f"{self.name}, line {cell.line}: the average {cell.interval.middle:g} is not that of its languages "
                    f"({found.interval.text()})"
                )


def read_supplied(path: str | Path) -> Supplied:
    """Read a filled template.

    Raises
    ------
    CrossliftError
        If a column is missing or unknown, a table, task, metric, split or language is unknown, a value is no number or
        off the scale, or a cell stands twice.
    """
    sheet = read_sheet(str(path))
    for column in COLUMNS:
        if column not in sheet.cells:
            raise CrossliftError(
                f"{sheet.name} has no column '{column}'.",
                did_you_mean(column, sheet.cells) or "Write one to fill in: analyze verify --template FILE.",
            )
    scores: dict[Place, tuple[str, int]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    sources: dict[str, tuple[str, int]] = {}
    rival: tuple[str, int] | None = None
    empty = 0
    for row in range(sheet.rows):
        cells = {column: sheet.cells[column][row] or "" for column in COLUMNS}
        line, value = sheet.first_line + row, cells["value"]
        if not value and not cells["text"]:
            empty += 1
            continue
        number = _number(sheet, line, value) if value else None
        _known(sheet, line, "table", cells["table"], (SCORES, SIZES, LEADERBOARD))
        if cells["table"] == SIZES:
            if number is not None:
                sizes[cells["intermediate_task"]] = (int(number), line)
            if cells["text"]:
                sources[cells["intermediate_task"]] = (cells["text"], line)
            continue
        if number is None or not 0 <= number <= 100:
            raise CrossliftError(f"{sheet.name}, line {line}: '{value}' is not a score from 0 to 100.")
        if cells["table"] == LEADERBOARD:
            rival = (value, line)
            continue
        place = _place(sheet, line, cells)
        if place in scores:
            raise CrossliftError(f"{sheet.name}, lines {scores[place][1]} and {line} are the same cell.")
        scores[place] = (value, line)
    everything = [*scores.values(), *([rival] if rival else [])]
    decimals = [decimals_of(value) for value, _ in everything]
    dropped = max(decimals) if decimals and zeros_dropped(decimals) else 0
    return Supplied(
        name=sheet.name,
        sha256=sheet.sha256,
        scores={place: _cell(value, line, dropped) for place, (value, line) in scores.items()},
        sizes=sizes,
        sources=sources,
        rival=_cell(*rival, dropped) if rival else None,
        empty=empty,
    )


def _place(sheet: Sheet, line: int, cells: Mapping[str, str]) -> Place:
    for column, known in (("variant", VARIANTS), ("split", _SPLITS), ("target_task", tuple(METRICS))):
        _known(sheet, line, column, cells[column], known)
    _known(sheet, line, "metric", cells["metric"], METRICS[cells["target_task"]])
    if not cells["intermediate_task"]:
        raise CrossliftError(f"{sheet.name}, line {line} has no intermediate task.", f"Without one, write '{NONE}'.")
    language = cells["language"]
    try:
        code = AVERAGE if is_average(language) else resolve_code(language).language.iso
    except UnknownLanguageError as error:
        raise CrossliftError(f"{sheet.name}, line {line}: {error.message}", error.hint) from error
    return (
        cells["variant"], cells["split"], cells["intermediate_task"], cells["target_task"], code, cells["metric"],
    )  # fmt: skip


def _known(sheet: Sheet, line: int, column: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        words = ", ".join(name or "(empty)" for name in known)
        raise CrossliftError(
            f"{sheet.name}, line {line}, column '{column}': unknown '{value}'.",
            did_you_mean(value, known) or f"Known: {words}.",
        )


def _number(sheet: Sheet, line: int, value: str) -> Fraction:
    number = as_number(value)
    if number is None:
        raise CrossliftError(f"{sheet.name}, line {line}, column 'value': '{value}' is not a number.")
    return number


def _cell(value: str, line: int, decimals: int) -> Cell:
    number = as_number(value)
    assert number is not None
    own = max(decimals, decimals_of(value))
    return Cell(rounded(f"{float(number):.{own}f}", own), line)
