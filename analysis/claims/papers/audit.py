"""Check the tables of a paper without a word of claim: averages, differences, emphasis, doubled rows.

What a column or a row is, is told by its head and by most of its own cells: a column of averages is one that the mean
of some columns gives in more than half of its rows. Where nothing is so established, nothing is contradicted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from ..audit.definitions import UNITS, AverageOfCells, LanguageCell, choose, over_all, readings
from ..audit.truncation import truncated
from ..fit import figure_of, fit
from ..language.sheet import zeros_dropped
from ..numbers.intervals import Interval
from ..numbers.rounding import error_of
from ..verdicts import FAILS, HOLDS, NO_DATA, OPEN, Reading, verdict_of
from .cells import Figure
from .tables import PaperTable, is_average, is_delta, lower_is_better

#: Emphasis is read along columns (or rows) if this share of them has it on the best cell.
_ALONG = 2 / 3
#: Equal figures from which two rows are the same row twice.
_DOUBLED = 4
_ENGLISH = frozenset({"en", "eng", "english"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked.

    Attributes
    ----------
    kind
        ``average``, ``difference``, ``bold``, ``second best`` or ``doubled row``.
    verdict
        One of ``VERDICTS``.
    table, what, line
        Which table, which cell in words, and where it stands.
    printed, why
        The figure as printed, and what the other cells give.
    """

    kind: str
    verdict: str
    table: str
    what: str
    line: int
    printed: str
    why: str


def audit_table(table: PaperTable) -> tuple[Finding, ...]:
    """Everything that a table says of itself."""
    turned = table.transposed()
    found = [
        *_averages(table, lambda row, column: f"{table.label(row)}, {table.header[column]}", _columns_of(table)),
        *_averages(turned, lambda row, column: f"{turned.header[column]}, {turned.label(row)}", _columns_of(turned)),
        *_differences(table, lambda row, column: f"{table.label(row)}, {table.header[column]}"),
        *_differences(turned, lambda row, column: f"{turned.header[column]}, {turned.label(row)}"),
        *_emphasis(table),
        *_doubled(table),
    ]
    return tuple(found)


def _columns_of(table: PaperTable) -> list[tuple[int, list[list[int]]]]:
    """Columns of averages, each with the sets of columns that it may be of."""
    plain = [c for c in table.columns if not is_average(table.header[c]) and not is_delta(table.header[c])]
    averages = [c for c in table.columns if is_average(table.header[c])]
    found = []
    for column in averages:
        before = [c for c in plain if c < column and not any(c < other < column for other in averages)]
        after = [c for c in plain if c > column and not any(column < other < c for other in averages)]
        group = [
            c for c in plain if _group(table.header[c]) and _group(table.header[c]) == _group(table.header[column])
        ]
        options = [option for option in (group, before, after, plain) if len(option) > 1]
        found.append((column, [list(item) for item in dict.fromkeys(map(tuple, options))]))
    return found


def _group(head: str) -> str:
    """The first of several words of a head: what a spanning head has put before it."""
    words = head.rsplit(" ", 1)
    return words[0] if len(words) > 1 else ""


def _averages(
    table: PaperTable, place: Callable[[int, int], str], wanted: Sequence[tuple[int, list[list[int]]]]
) -> Iterator[Finding]:
    """Each column of averages against the columns that it is of; pairs such as F1/EM each by themselves."""
    for column, options in wanted:
        for part in range(table.parts):
            best: tuple[int, list[tuple[int, AverageOfCells]]] | None = None
            for option in options:
                averages = list(_of_columns(table, column, option, part))
                fits = sum(over_all(item).status not in (FAILS, NO_DATA) for _, item in averages)
                definition = choose([item for _, item in averages])
                score = fits + (definition is not None)
                if averages and (best is None or score > best[0]):
                    best = (score, averages)
            if best is not None:
                yield from _judged(table, column, part, best[1], place)


def _of_columns(
    table: PaperTable, column: int, option: Sequence[int], part: int
) -> Iterator[tuple[int, AverageOfCells]]:
    decimals = {c: _decimals(table, c, part) for c in (*option, column)}
    for row in range(len(table.rows)):
        figure = table.figure(row, column, part)
        if figure is None or is_average(table.label(row)) or is_delta(table.label(row)) or figure.signed:
            continue
        cells, missing = [], []
        for c in option:
            known = table.figure(row, c, part)
            name = "eng" if table.header[c].split(" ")[-1].lower() in _ENGLISH else table.header[c]
            if known is not None:
                half = 5 * UNITS // 10 ** (max(known.decimals, decimals[c][row] or 0) + 1)
                cells.append(LanguageCell(name, int(known.value * UNITS), half, table.rows[row][c].line))
            else:
                missing.append(name)
        if len(cells) > 1:
            claimed = _claimed(figure, decimals[column][row])
            yield row, AverageOfCells(claimed, tuple(cells), tuple(missing))


def _decimals(table: PaperTable, column: int, part: int) -> list[int | None]:
    """Decimals of a column's cells: as many as the most precise one, where trailing zeros seem dropped."""
    figures = [table.figure(row, column, part) for row in range(len(table.rows))]
    own = [None if figure is None else figure.decimals for figure in figures]
    known = [item for item in own if item is not None]
    kept_zero = any(figure is not None and figure.decimals and figure.text.endswith("0") for figure in figures)
    if not known or kept_zero or not zeros_dropped(known):
        return own
    return [None if item is None else max(known) for item in own]


def _claimed(figure: Figure, decimals: int | None) -> Interval:
    half = Fraction(1, 2 * 10 ** max(figure.decimals, decimals or 0))
    return Interval(figure.value - half, figure.value + half)


def _judged(
    table: PaperTable,
    column: int,
    part: int,
    averages: Sequence[tuple[int, AverageOfCells]],
    place: Callable[[int, int], str],
) -> Iterator[Finding]:
    """Verdicts on a column of averages; none is contradicted where the column's definition is not established."""
    items = [item for _, item in averages]
    definition = choose(items)
    read = [readings(item, definition) for item in items]
    deciding = [next((r for r in each if r.status != FAILS), each[0]) for each in read]
    for at in truncated(items, deciding):
        read[at] = [replace(deciding[at], status=FAILS, needs="cut off, not rounded, as this column is", chance=None)]
    sure = definition is not None
    for (row, _), each in zip(averages, read, strict=True):
        verdict = verdict_of(each)
        if verdict == "contradicted" and not sure:
            verdict = "not-checkable"
        figure = table.figure(row, column, part)
        assert figure is not None
        yield Finding("average", verdict, table.name, place(row, column), table.rows[row][column].line, figure.text,
                      _why(each) if sure or verdict != "not-checkable" else "no set of columns gives it")  # fmt: skip


def _why(each: Sequence[Reading]) -> str:
    return "; ".join(
        f"{r.name.replace('languages', 'cells')}: {', '.join(filter(None, (figure_of(r), r.needs)))}" for r in each
    )


def _differences(table: PaperTable, place: Callable[[int, int], str]) -> Iterator[Finding]:
    """Columns of differences against the two columns whose difference most of their rows are."""
    plain = [c for c in table.columns if not is_delta(table.header[c])]
    for column in table.columns:
        signed = [f for row in range(len(table.rows)) if (f := table.figure(row, column)) is not None and f.signed]
        rows = [row for row in range(len(table.rows)) if table.figure(row, column) is not None]
        if not rows or not (is_delta(table.header[column]) or len(signed) > len(rows) / 2):
            continue
        scored = []
        for more in plain:
            for less in plain:
                if more in (less, column) or less == column:
                    continue
                found = [
                    (row, reading) for row in rows if (reading := _gap(table, row, column, more, less)) is not None
                ]
                fits = sum(reading.status != FAILS for _, reading in found)
                scored.append((fits, -abs(column - more) - abs(column - less), more, less, found))
        if not scored:
            continue
        fits, _, more, less, found = max(scored, key=lambda item: item[:2])
        if fits < 2 or 2 * fits <= len(found):
            continue
        for row, reading in found:
            figure = table.figure(row, column)
            assert figure is not None
            said = ", ".join(filter(None, (figure_of(reading), reading.needs)))
            why = f"{table.header[more]} − {table.header[less]}: {said}"
            yield Finding("difference", verdict_of([reading]), table.name, place(row, column),
                          table.rows[row][column].line, figure.text, why)  # fmt: skip


def _gap(table: PaperTable, row: int, column: int, more: int, less: int) -> Reading | None:
    claimed, a, b = (table.figure(row, c) for c in (column, more, less))
    if claimed is None or a is None or b is None:
        return None
    unit = Fraction(1, 2 * 10 ** max(a.decimals, b.decimals))  # 84 beside 84.5 has lost a zero
    halves = [unit, unit]
    center, half = a.value - b.value, 2 * unit
    reading = fit("difference", Interval(center - half, center + half), _claimed(claimed, None), error_of(halves))
    return replace(reading, status=HOLDS, needs="") if reading.status == OPEN else reading


def _emphasis(table: PaperTable) -> Iterator[Finding]:
    """Bold that is not the best, underlined that is not the second best, along columns or rows."""
    for kind, rank, emphasised in (
        ("bold", 0, lambda row, c: table.rows[row][c].bold),
        ("second best", 1, lambda row, c: table.rows[row][c].underline),
    ):
        options = [list(_lines(table, along, emphasised, rank)) for along in ("column", "block", "row")]
        shares = [(sum(not wrong for *_, wrong in found) / len(found) if found else 0.0) for found in options]
        best = max(range(3), key=lambda at: (shares[at], -at))
        if len(options[best]) < 2 or shares[best] < _ALONG:
            continue
        for row, column, others, wrong in options[best]:
            if not wrong:
                continue
            figure = table.figure(row, column)
            assert figure is not None
            word = "best" if rank == 0 else "second best"
            yield Finding(kind, "contradicted", table.name, f"{table.label(row)}, {table.header[column]}",
                          table.rows[row][column].line, figure.text, f"not the {word}: {others}")  # fmt: skip


def _lines(
    table: PaperTable, along: str, emphasised: Callable[[int, int], bool], rank: int
) -> Iterator[tuple[int, int, str, bool]]:
    """Emphasised cells, each with what is better in its column, block of a column, or row, and whether it is wrong."""
    blocks = _blocks(table) if along == "block" else [range(len(table.rows))]
    if along == "row":
        groups = [
            [(row, c) for c in table.columns if not is_average(table.header[c])] for row in range(len(table.rows))
        ]
    else:
        groups = [
            [(row, c) for row in block if not is_delta(table.label(row))] for block in blocks for c in table.columns
        ]
    for group in groups:
        known = [(at, figure.value) for at in group if (figure := table.figure(*at)) is not None]
        marked = [(at, value) for at, value in known if emphasised(*at)]
        if not marked or len(known) < 3 or len(marked) == len(known):
            continue
        sign = -1 if lower_is_better(table.header[marked[0][0][1]]) else 1
        ranked = sorted({sign * value for _, value in known}, reverse=True)
        for (row, column), value in marked:
            better = [other for other in ranked if other > sign * value]
            shown = ", ".join(f"{float(sign * other):g}" for other in better[:3]) or "nothing is better"
            yield row, column, shown, len(better) != rank


def _blocks(table: PaperTable) -> list[range]:
    edges = sorted({0, *table.breaks, len(table.rows)})
    return [range(a, b) for a, b in pairwise(edges) if b > a]


def _doubled(table: PaperTable) -> Iterator[Finding]:
    """Rows of different names with the same figures."""
    seen: dict[tuple[Fraction, ...], int] = {}
    for row in range(len(table.rows)):
        values = tuple(f.value for c in table.columns for f in table.rows[row][c].figures)
        if len(values) < _DOUBLED or len(set(values)) < _DOUBLED:
            continue
        if values in seen and table.label(seen[values]) != table.label(row):
            why = f"all {len(values)} figures are those of {table.label(seen[values])}: one may be a copy"
            yield Finding("doubled row", "not-checkable", table.name, table.label(row), table.line(row), "", why)
        seen.setdefault(values, row)
