"""Forest plot: groups with their subgroups, the pooled effect as a diamond, and the prediction interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import UnknownLanguageError
from ..core.text import count
from ..languages.codes import resolve
from .style import BLACK, BLUE, GREY, ORANGE, size
from .words import SHARE, canvas_of, caption_below, label_axes, width_of, wrapped

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..questions.pooling import Pooled

#: Rows that fit on a page. Where there are more, each group shows the subgroups of largest weight.
MOST_ROWS = 60
# Inches per row at the base size of text, and for the axis and the pooled rows.
ROW, REST = 0.165, 1.15
# Size of text in points; space between columns; least share of the canvas for the axis, and most for the labels.
TEXT, SPACE, AXIS, LABELS = 8.0, 9.0, 0.34, 0.42
# Headings of the estimates, with and without their intervals, and the label of the last row.
ESTIMATE, SHORT, PREDICTION = "pooled (95% interval)", "pooled", "95% prediction"
COLUMNS = ["kind", "label", "k", "estimate", "conf_low", "conf_high", "pred_low", "pred_high", "weight"]


@dataclass(frozen=True, slots=True)
class Forest:
    """Rows of the figure from top to bottom.

    ``heading`` says what the labels are; ``rows`` has ``kind`` (``group``, ``subgroup``, ``effect``, ``more`` or
    ``pooled``), ``label``, ``k``, ``estimate``, ``conf_low``, ``conf_high``, ``pred_low``, ``pred_high`` and ``weight``
    (percent). ``cut`` says what was left out to keep the figure readable.
    """

    rows: pd.DataFrame
    cut: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers at the right: its heading, its text of a row, and the points from the axis to its end."""

    heading: str
    text: Callable[[dict[str, Any]], str]
    end: float


def forest_rows(found: Pooled) -> Forest:
    """The pooled groups of ``found`` as rows; without groups the effects themselves, if they fit."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    cut, heading = "", "effect"
    if found.groups is not None:
        rows, cut = _grouped(found.groups, found.by)
        heading = ", ".join(name.replace("_", " ") for name in found.by)
    elif len(found.rows) <= MOST_ROWS:
        rows = _effects(found)
    else:
        cut = f"{count(len(found.rows))} effects, too many for one row each: --by groups them"
    whole = found.result.predict().iloc[0].to_dict()
    named = {str(key): value for key, value in whole.items()}
    rows.append({"kind": "pooled", "label": "all", "k": len(found.rows), "weight": 100.0, **named})
    return Forest(pd.DataFrame(rows, columns=COLUMNS), cut, heading)


def _grouped(groups: pd.DataFrame, by: tuple[str, ...]) -> tuple[list[dict[str, Any]], str]:
    groups = groups[groups["estimate"].notna()]
    heads, inner = groups[groups["subgroup"] == ""], groups[groups["subgroup"] != ""]
    cut = ""
    if len(heads) > MOST_ROWS:
        cut = f"the {MOST_ROWS} groups of largest weight, of {len(heads)}"
        heads = heads.loc[heads["weight"].sort_values(ascending=False).index[:MOST_ROWS].sort_values()]
        inner = inner.iloc[:0]
    room = MOST_ROWS - 2 * len(heads)  # a line for each group, and one for what is left out of it
    each = len(inner)
    if len(inner) + len(heads) > MOST_ROWS:
        each = max(room // max(len(heads), 1), 0)
        cut = f"of each group the {each} subgroups of largest weight" if each else "groups without their subgroups"
    kind = "group" if len(inner) or (groups["subgroup"] != "").any() else "effect"
    if kind == "effect":
        heads = heads.sort_values("estimate", ascending=False, kind="stable")
    rows: list[dict[str, Any]] = []
    for head in _named(heads):
        rows.append({**head, "kind": kind, "label": _label(str(head["group"]), by[0])})
        own = inner[inner["group"] == head["group"]]
        shown = own.loc[own["weight"].sort_values(ascending=False, kind="stable").index[:each]].sort_values(
            "estimate", ascending=False
        )
        rows += [{**row, "kind": "subgroup", "label": _label(str(row["subgroup"]), by[1])}
                 for row in _named(shown)]  # fmt: skip
        if len(own) > len(shown) and each:
            rest = own.drop(shown.index)
            rows.append({"kind": "more", "label": f"and {len(rest)} more", "k": int(rest["k"].sum()),
                         "weight": float(rest["weight"].sum())})  # fmt: skip
    return rows, cut


def _named(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _effects(found: Pooled) -> list[dict[str, Any]]:
    outcome = found.request.options.outcome
    rows = []
    for i, row in enumerate(found.rows.to_dict("records")):
        half = 1.959963984540054 * np.sqrt(row["variance"])
        names = [str(row[name]) for name in ("target_task", "language", "model") if isinstance(row.get(name), str)]
        rows.append({"kind": "effect", "label": " · ".join(names) or str(i + 1), "k": 1, "estimate": row[outcome],
                     "conf_low": row[outcome] - half, "conf_high": row[outcome] + half,
                     "weight": float(found.result.weights[i])})  # fmt: skip
    return rows


def _label(value: str, column: str) -> str:
    """Languages by their short names."""
    if column != "language":
        return value
    try:
        return resolve(value).name
    except UnknownLanguageError:
        return value


def forest_height(data: Forest) -> float:
    """Height of the figure in inches at which its rows can be read, at the base size of text."""
    return REST + ROW * (len(data.rows) + 3)


def plot_forest(data: Forest, ax: Axes, xlabel: str, caption: str = "", favours: tuple[str, str] | None = None) -> Axes:
    """Draw a forest plot.

    Parameters
    ----------
    data
        As :func:`forest_rows` returns it.
    ax
        Axes to draw on.
    xlabel
        With units.
    caption
        What the figure rests on, drawn small at its foot.
    favours
        What a value below and above zero speaks for.
    """
    rows = data.rows.reset_index(drop=True)
    pooled = rows.iloc[-1]
    place = np.arange(len(rows), dtype=float)
    place[-1] += 0.6  # the pooled row stands apart
    low, high, clipped = _range(rows)
    ax.set_xlim(low, high)
    ax.set_ylim(place[-1] + 1.6, -1.4)
    ax.axvline(0.0, color=BLACK, linewidth=0.6, linestyle=(0, (1, 3)), zorder=0)
    ax.axvline(pooled["estimate"], color=ORANGE, linewidth=0.7, linestyle="--", zorder=0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    labels, columns = _columns(data, ax)
    weights = rows["weight"].where(rows["kind"].isin(["subgroup", "effect"]))
    largest = float(weights.max()) if weights.notna().any() else 1.0
    for y, row in zip(place, _named(rows), strict=True):
        if row["kind"] in ("subgroup", "effect"):
            _interval(ax, row, y, low, high)
            area = 6.0 + 40.0 * max(row["weight"], 0.0) / largest if np.isfinite(row["weight"]) else 14.0
            ax.scatter([row["estimate"]], [y], s=area * size(1.0), marker="s", color=BLUE, linewidth=0, zorder=3)
        elif row["kind"] in ("group", "pooled"):
            _diamond(ax, row, y, row["kind"] == "pooled")
        bold = {"fontweight": "bold"} if row["kind"] in ("group", "pooled") else {}
        _left(ax, y, _row_label(row), labels, bold | ({"color": GREY} if row["kind"] == "more" else {}))
        for column in columns:
            _right(ax, y, column.text(row), column.end, bold)
    if np.isfinite(pooled["pred_low"]):
        y = place[-1] + 0.9
        _interval(ax, {"conf_low": pooled["pred_low"], "conf_high": pooled["pred_high"]}, y, low, high, ORANGE, 2.4)
        _left(ax, y, PREDICTION, labels, {})
        for column in columns:
            if column.heading == ESTIMATE:
                _right(ax, y, f"{_short(pooled['pred_low'])} to {_short(pooled['pred_high'])}", column.end, {})
    head = {"color": GREY, "fontsize": size(7.5)}
    _left(ax, -1.0, data.heading, max(labels, width_of(ax, data.heading, size(7.5))), head, labels)
    for column in columns:
        _right(ax, -1.0, column.heading, column.end, head)
    notes = [caption, *([data.cut] if data.cut else []), *(["arrows: the interval continues"] if clipped else [])]
    caption_below(ax, "; ".join(note for note in notes if note))
    label_axes(ax, xlabel)
    if favours:
        _favours(ax, *favours)
    return ax


def _columns(data: Forest, ax: Axes) -> tuple[float, tuple[Column, ...]]:
    """Points that labels take, and the columns of numbers that leave room for the axis, the least needed left out."""
    rows = _named(data.rows)
    texts = {SHORT: _estimate, ESTIMATE: _interval_words, "k": lambda row: count(int(row["k"])), "weight": _weight}
    canvas = canvas_of(ax).get_figwidth() * 72.0

    def widest(words: Iterable[str], weight: str) -> float:
        return max(width_of(ax, text, size(TEXT), weight) for text in words)

    labels = min(widest([PREDICTION, *(_row_label(row) for row in rows)], "bold"), LABELS * canvas)
    widths = {
        name: max(widest((text(row) for row in rows), "bold"), width_of(ax, name, size(7.5)))
        for name, text in texts.items()
    }
    for chosen in (("k", ESTIMATE, "weight"), ("k", ESTIMATE), (ESTIMATE,), (SHORT,)):
        if canvas - labels - sum(widths[name] + SPACE for name in chosen) >= AXIS * canvas:
            break
    end, columns = 0.0, []
    for name in chosen:
        end += widths[name] + SPACE
        columns.append(Column(name, texts[name], end))
    return labels, tuple(columns)


def _row_label(row: dict[str, Any]) -> str:
    return ("   " if row["kind"] in ("subgroup", "more") else "") + str(row["label"])


def _estimate(row: dict[str, Any]) -> str:
    return "" if row["kind"] == "more" else _short(row["estimate"])


def _interval_words(row: dict[str, Any]) -> str:
    if row["kind"] == "more":
        return ""
    return f"{_short(row['estimate'])} ({_short(row['conf_low'])} to {_short(row['conf_high'])})"


def _weight(row: dict[str, Any]) -> str:
    return f"{_short(row['weight'])}%" if np.isfinite(row["weight"]) else ""


def _favours(ax: Axes, below: str, above: str) -> None:
    """Arrows under the axis that say what its two sides speak for."""
    made = canvas_of(ax)
    made.draw_without_rendering()
    box, canvas = ax.get_window_extent(), made.bbox
    low, high = ax.get_xlim()
    zero = min(max(-low / (high - low), 0.2), 0.8)  # where the arrows part: at zero if both sides have room
    middle = box.x0 + zero * box.width
    most = 1
    for words, side, sign, room in ((f"← favours {below}", "right", -1.0, middle - canvas.x0),
                                    (f"favours {above} →", "left", 1.0, canvas.x1 - middle)):  # fmt: skip
        text = ax.annotate(words, (zero, 0.0), (sign * size(5.0), -9.0 - size(9.0)), xycoords="axes fraction",
                           textcoords="offset points", ha=side, va="top", fontsize=size(7.0), color=GREY,
                           annotation_clip=False)  # fmt: skip
        text.set_text(wrapped(words, text, SHARE * room / made.dpi - size(5.0) / 72.0))
        most = max(most, text.get_text().count("\n") + 1)
    ax.xaxis.labelpad = 4.0 + size(9.1) * most


def _range(rows: pd.DataFrame) -> tuple[float, float, bool]:
    """Limits of the axis: all estimates, and intervals up to where they would make the rest unreadable."""
    inner_low, inner_high = float(rows["estimate"].min()), float(rows["estimate"].max())
    pooled = rows.iloc[-1]
    inner_low = min(inner_low, 0.0, float(pooled["conf_low"]))
    inner_high = max(inner_high, 0.0, float(pooled["conf_high"]))
    width = inner_high - inner_low or 1.0
    intervals = rows[["conf_low", "conf_high"]].to_numpy(dtype=float)
    ends = np.append(intervals.ravel(), rows.iloc[-1][["pred_low", "pred_high"]].to_numpy(dtype=float))
    ends = ends[np.isfinite(ends)]
    low = max(float(ends.min()), inner_low - width)
    high = min(float(ends.max()), inner_high + width)
    margin = 0.03 * (high - low)
    return low - margin, high + margin, bool(ends.min() < low or ends.max() > high)


def _interval(
    ax: Axes, row: dict[str, Any], y: float, low: float, high: float, color: str = BLUE, width: float = 1.0
) -> None:
    """A horizontal bar; an arrow where it leaves the axis."""
    left, right = max(row["conf_low"], low), min(row["conf_high"], high)
    ax.plot([left, right], [y, y], color=color, linewidth=width, solid_capstyle="butt", zorder=2)
    _arrows(ax, row, y, color)


def _arrows(ax: Axes, row: dict[str, Any], y: float, color: str) -> None:
    """Arrows where an interval continues beyond the axis."""
    low, high = ax.get_xlim()
    for end, beyond, marker in ((low, row["conf_low"] < low, "<"), (high, row["conf_high"] > high, ">")):
        if beyond:
            ax.plot([end], [y], marker=marker, color=color, markersize=3.5, clip_on=False, zorder=2)


def _diamond(ax: Axes, row: dict[str, Any], y: float, pooled: bool) -> None:
    low, high = ax.get_xlim()
    corners = [(max(row["conf_low"], low), y), (row["estimate"], y - 0.34), (min(row["conf_high"], high), y),
               (row["estimate"], y + 0.34)]  # fmt: skip
    from matplotlib.patches import Polygon

    color = ORANGE if pooled else BLUE
    _arrows(ax, row, y, color)
    ax.add_patch(Polygon(corners, closed=True, facecolor=color if pooled else "white", edgecolor=color, linewidth=1.0,
                         zorder=3))  # fmt: skip


def _short(value: float) -> str:
    """One decimal, none from 100 upwards; a value that rounds to zero is printed without a sign."""
    text = f"{value:.1f}" if abs(value) < 100.0 else f"{value:.0f}"
    return "0.0" if float(text) == 0.0 else text.replace("-", "−")


def _left(ax: Axes, y: float, text: str, points: float, style: dict[str, Any], start: float | None = None) -> None:
    """A label that starts ``start`` (or ``points``) and a space left of the axis, shortened to ``points``."""
    style = {"fontsize": size(TEXT), **style}
    weight = style.get("fontweight", "normal")
    whole = text
    while len(text) > 4 and width_of(ax, text, style["fontsize"], weight) > points:
        whole = whole[:-1]
        text = whole.rstrip() + "…"
    left = -(points if start is None else start) - SPACE
    ax.annotate(text, (0.0, y), (left, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
                annotation_clip=False, **style)  # fmt: skip


def _right(ax: Axes, y: float, text: str, end: float, style: dict[str, Any]) -> None:
    """A number that ends ``end`` points right of the axis."""
    if text:
        ax.annotate(text, (1.0, y), (end, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                    ha="right", va="center", annotation_clip=False, **{"fontsize": size(TEXT), **style})  # fmt: skip
