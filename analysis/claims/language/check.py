"""Check a claim that is written down as text over a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ...core.errors import CrossliftError, did_you_mean
from ..numbers.grim import Grain, mean_possible
from ..numbers.intervals import Interval
from ..verdicts import FAILS, HOLDS, OPEN, Evidence, Reading, verdict_of
from .evaluate import Evaluator, Settings, decide
from .nodes import Aggregate, Arithmetic, Column, Expression, Naming, Number, ParsedClaim, Relation
from .parser import parse
from .sheet import Sheet
from .tokens import claim_error
from .values import Real, Value

#: A recomputed range this many times as wide as the claimed figure's own does not tell.
COARSE = 2
_MIRROR = {"=": "=", "!=": "!=", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
_WORSE = (FAILS, OPEN, HOLDS)


@dataclass(frozen=True, slots=True)
class TableClaim:
    """Verdict of a table on a claim.

    Attributes
    ----------
    claim
        As it was written.
    verdict
        One of ``VERDICTS`` of :mod:`analysis.claims.verdicts`.
    readings, reason, evidence
        As in a check of the registry.
    recomputed
        The computed figure in words.
    claimed
        The claimed figures in words.
    grains
        Cells used that no count of their items gives.
    """

    claim: str
    verdict: str
    readings: tuple[Reading, ...]
    reason: str
    evidence: tuple[Evidence, ...]
    recomputed: str
    claimed: str
    grains: tuple[Grain, ...] = ()


def check_claim(sheet: Sheet, claim: str | ParsedClaim, settings: Settings | None = None) -> TableClaim:
    """Check ``claim`` over ``sheet``.

    Raises
    ------
    CrossliftError
        If the claim cannot be read, or names what the table does not have.
    """
    settings = settings or Settings()
    parsed = parse(claim) if isinstance(claim, str) else claim
    if settings.items and not settings.items.isdigit():
        sheet.column(settings.items)
    readings: list[Reading] = []
    lines: set[int] = set()
    grains: dict[tuple[str, int], Grain] = {}
    for name, rows in _parts(sheet, settings):
        evaluator = Evaluator(sheet, parsed.text, settings, rows)
        reading = replace(_judge(parsed, evaluator), name=name or "as written")
        readings.append(reading)
        lines |= evaluator.lines
        grains |= evaluator.grains
        if reading.status == FAILS:
            readings += _others(parsed, evaluator, name)
    main = readings[0]
    evidence = Evidence(sheet.name, tuple(sorted(lines)), f"{len(lines)} rows used", sheet.sha256)
    return TableClaim(
        parsed.text,
        verdict_of(readings),
        tuple(readings),
        _reason(readings),
        (evidence,),
        figure_text(main.recomputed),
        _claimed(parsed),
        tuple(grains.values()),
    )


def _parts(sheet: Sheet, settings: Settings) -> Iterator[tuple[str, Sequence[int]]]:
    if sheet.rows == 0:
        raise CrossliftError(f"{sheet.name} is empty: no row below the header.")
    if not settings.under:
        yield "", range(sheet.rows)
        return
    column = sheet.column(settings.under)
    for value in dict.fromkeys(cell for cell in column if cell):
        yield f"{settings.under} = {value}", [row for row, cell in enumerate(column) if cell == value]


def _others(claim: ParsedClaim, first: Evaluator, name: str) -> Iterator[Reading]:
    """Other ways to round, tried where the claim fails as it is written."""
    figures = [figure for _, figure, _ in map(_figure, claim.relations) if figure is not None]
    combined = any(
        isinstance(item, Relation) and sum(map(_aggregates, (item.left, item.right))) > 1 for item in claim.relations
    )
    before = f"{name}, " if name else ""
    if figures and combined:
        most = max(figure.decimals for figure in figures)
        other = Evaluator(first.sheet, claim.text, first.settings, first.rows, round_to=most)
        yield replace(_judge(claim, other), name=f"{before}each function rounded to {most} decimals before it is used")
    if first.whole_columns:
        other = Evaluator(first.sheet, claim.text, first.settings, first.rows, whole_rounded=True)
        columns = ", ".join(sorted(first.whole_columns))
        yield replace(_judge(claim, other), name=f"{before}{columns} rounded to whole numbers, not exact")


def _judge(claim: ParsedClaim, evaluator: Evaluator) -> Reading:
    """All relations together: as good as the worst."""
    found = [
        _naming(item, evaluator) if isinstance(item, Naming) else _relation(item, evaluator) for item in claim.relations
    ]
    worst = min(found, key=lambda reading: _WORSE.index(reading.status))
    return worst if len(found) > 1 else found[0]


def _relation(node: Relation, evaluator: Evaluator) -> Reading:
    computed, figure, sign = _figure(node)
    if computed is None or figure is None:
        return _compared(node, evaluator)
    value = evaluator.value(computed)
    if sign not in ("=", "!="):
        return _compared(node, evaluator)
    claimed = _rounded(figure)
    found = _interval(value)
    status, needs = _equal(value, claimed, computed)
    if status != FAILS and not _fits_items(computed, claimed, evaluator):
        status, needs = FAILS, "no whole number of right items gives it"
    if status == FAILS and not needs:
        needs = _off(value, claimed, figure)
    if sign == "!=":
        status = {HOLDS: FAILS, FAILS: HOLDS}.get(status, status)
    return Reading("", status, found, needs)


def _equal(value: Value, claimed: Interval, computed: Expression) -> tuple[str, str]:
    low, high = value.low, value.high
    if not (low < claimed.high and high >= claimed.low):
        return FAILS, "no missing value makes it hold" if value.missing else ""
    if value.missing:
        return OPEN, _needed(value, claimed)
    if isinstance(computed, Aggregate) and computed.function == "count":
        return (HOLDS, "") if low == high else (OPEN, "cells are rounded too coarsely to count")
    if high - low > COARSE * claimed.width:
        return OPEN, "cells are rounded too coarsely to tell"
    return HOLDS, ""


def _compared(node: Relation, evaluator: Evaluator) -> Reading:
    gap = evaluator.value(node.left).plus(evaluator.value(node.right), -1)
    holds = decide(gap, node.operator)
    status = {True: HOLDS, False: FAILS, None: OPEN}[holds]
    plain = isinstance(node.right, Number)
    shown = evaluator.value(node.left) if plain else gap
    needs = "" if plain else "the recomputed figure is the left side minus the right"
    if status == OPEN:
        needs = "cells are missing" if gap.missing else "rounding of the cells does not decide"
    if node.operator == "=" and holds is None and not gap.missing:
        status, needs = HOLDS, "equal within rounding"
    return Reading("", status, _interval(shown), needs)


def _naming(node: Naming, evaluator: Evaluator) -> Reading:
    aggregate = node.aggregate
    found = {", ".join(key): value for key, value in evaluator.elements(aggregate, evaluator.selected(aggregate))}
    for name in node.names:
        if name not in found:
            hint = did_you_mean(name, found) or f"Groups: {', '.join(list(found)[:12])}."
            raise claim_error(f"there is no group '{name}'.", evaluator.claim, node.at, hint)
    if aggregate.function == "order":
        pairs = [
            (found[a], found[b], sign) for a, b, sign in zip(node.names, node.names[1:], node.operators, strict=False)
        ]
    else:
        sign = ">=" if aggregate.function == "argmax" else "<="
        pairs = [(found[node.names[0]], other, sign) for key, other in found.items() if key != node.names[0]]
    held = [decide(a.plus(b, -1), sign) for a, b, sign in pairs]
    status = FAILS if False in held else OPEN if None in held else HOLDS
    missing = any(value.missing for value in found.values())
    needs = "" if status != OPEN else "cells are missing" if missing else "rounding of the cells does not decide"
    if status == FAILS:
        down = not (aggregate.function == "argmin" or "<" in "".join(node.operators))
        ranked = sorted(found, key=lambda key: _middle(found[key]), reverse=down)
        needs = f"the data say {' > '.join(ranked[:5]) if down else ' < '.join(ranked[:5])}"
    return Reading("", status, None, needs)


def _figure(node: Relation | Naming) -> tuple[Expression | None, Number | None, str]:
    """A relation as computed side, claimed figure, and operator; no figure if both sides are computed."""
    if isinstance(node, Relation):
        if isinstance(node.right, Number):
            return node.left, node.right, node.operator
        if isinstance(node.left, Number):
            return node.right, node.left, _MIRROR[node.operator]
    return None, None, ""


def _aggregates(node: Expression) -> int:
    if isinstance(node, Arithmetic):
        return _aggregates(node.left) + _aggregates(node.right)
    return int(isinstance(node, Aggregate))


def _needed(value: Value, claimed: Interval) -> str:
    """What the missing cells must be for the value to be the claimed one."""
    known, missing = value.known(), value.missing
    weights = {value.terms[symbol] for symbol in missing}
    where = "line " if len(missing) == 1 else "lines "
    lines = where + ", ".join(str(symbol.line) for symbol in missing) if all(s.line for s in missing) else ""
    low, high = _interval_of(known)
    if len(weights) != 1 or low is None or high is None or not lines:
        return f"{len(missing)} cells are missing"
    share = weights.pop() * len(missing)
    needed = Interval(claimed.low - high, claimed.high - low).times(1 / share)
    what = "must be" if len(missing) == 1 else f"must average, over {len(missing)} cells,"
    return f"missing in {lines}: {what} {needed.text()}"


def figure_text(found: Interval | None) -> str:
    """A range with two decimals; counts without."""
    if found is None:
        return ""
    whole = found.low.denominator == found.high.denominator == 1
    return found.text(0 if whole else 2)


def _interval_of(value: Value) -> tuple[Fraction | None, Fraction | None]:
    low, high = value.low, value.high
    return (low if isinstance(low, Fraction) else None), (high if isinstance(high, Fraction) else None)


def _interval(value: Value) -> Interval | None:
    low, high = _interval_of(value)
    return None if low is None or high is None else Interval(low, high)


def _middle(value: Value) -> Real:
    found = _interval(value)
    return found.middle if found else value.known().constant


def _rounded(figure: Number) -> Interval:
    """What a claimed figure can have been before it was rounded."""
    half = Fraction(1, 2 * 10**figure.decimals)
    return Interval(figure.value - half, figure.value + half)


def _digits(figure: Number) -> str:
    """As it was printed."""
    return f"{float(figure.value):.{figure.decimals}f}"


def _off(value: Value, claimed: Interval, figure: Number) -> str:
    """How far off, and whether cutting digits off in place of rounding would explain it."""
    found = _interval(value)
    if found is None:
        return ""
    unit = Fraction(1, 10**figure.decimals)
    cut = (
        Interval(figure.value, figure.value + unit)
        if figure.value >= 0
        else Interval(figure.value - unit, figure.value)
    )
    if found.overlaps(cut):
        return "digits were cut off, not rounded"
    gap = found.low - claimed.high if found.low >= claimed.high else claimed.low - found.high
    return f"{max(float(gap), 0.0):.{figure.decimals + 1}f} beyond rounding"


def _fits_items(computed: Expression, claimed: Interval, evaluator: Evaluator) -> bool:
    """Whether counts of items give the claimed mean; true where that is not known."""
    plain = isinstance(computed, Aggregate) and computed.function == "mean" and isinstance(computed.operand, Column)
    if not evaluator.settings.items or not plain:
        return True
    assert isinstance(computed, Aggregate)
    if computed.by or computed.weights is not None:
        return True
    items = [evaluator.items(row) for row in evaluator.selected(computed)]
    known = [item for item in items if item is not None]
    return len(known) < len(items) or mean_possible(claimed, known)


def _claimed(claim: ParsedClaim) -> str:
    figures = []
    for item in claim.relations:
        _, figure, sign = _figure(item)
        if figure is not None:
            figures.append(_digits(figure) if sign == "=" else f"{sign} {_digits(figure)}")
        elif isinstance(item, Naming):
            figures.append(
                " ".join(part for pair in zip(item.names, (*item.operators, ""), strict=False) for part in pair)
            )
    return ", ".join(figure.strip() for figure in figures)


def _reason(readings: Sequence[Reading]) -> str:
    parts = []
    for reading in readings:
        found = figure_text(reading.recomputed)
        words = " ".join(filter(None, [found, f"({reading.needs})" if found and reading.needs else reading.needs]))
        label = f"{reading.name}: " if len(readings) > 1 else ""
        parts.append(f"{label}{reading.status}" + (f", {words}" if words else ""))
    return "; ".join(parts)
