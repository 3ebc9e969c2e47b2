"""From simulations to the committed table, and to its Markdown in README.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from checks import BOUNDS
from designs import CELLS, build_layout
from methods import DEFAULT, METHODS
from ours import WHOLE
from store import HERE, read_chunks

RESULTS = HERE / "results.csv"
README = HERE / "README.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
#: The slope behind every simulated gain.
TRUTH = 0.0


def summarize(out: Path, planned: Mapping[str, Sequence[str]], simulations: int) -> pd.DataFrame:
    """One row for each cell and method.

    ``coverage`` is the share of intervals that contain the true slope, ``coverage_se`` its Monte-Carlo standard error;
    ``false_positive_rate`` the share of p-values under 5%. Both, ``median_width`` (points per unit of distance),
    ``median_df`` and ``spread`` (standard deviation of the estimates) are over simulations with an interval, the width
    over those that draw all samples (a bootstrap stops once it is decided that an interval contains the true slope);
    ``failures`` counts those without and ``singular`` fits with a variance of zero.
    """
    rows = [
        {"cell": cell, "method": method, **_row(read_chunks(out, method, cell, simulations))}
        for cell, methods in planned.items()
        for method in methods
    ]
    return pd.DataFrame(rows)


def _row(found: pd.DataFrame) -> dict[str, float]:
    used = found[found["failure"] == ""]
    covered = (used["conf_low"] <= TRUTH) & (used["conf_high"] >= TRUTH)
    rejected = used["p_value"] < 0.05
    coverage = float(covered.mean())
    width = used["conf_high"] - used["conf_low"]
    if not np.isfinite(width).all():  # those that reject draw all samples more often, and are narrower
        width = width[used["simulation"] % WHOLE == 0]
    return {
        "simulations": len(found),
        "failures": len(found) - len(used),
        "singular": int(used["singular"].sum()),
        "coverage": coverage,
        "coverage_se": float(np.sqrt(coverage * (1.0 - coverage) / len(used))) if len(used) else float("nan"),
        "false_positive_rate": float(rejected.mean()),
        "median_width": float(width.median()),
        "median_df": float(used["df"].median()),
        "spread": float(used["estimate"].std()),
    }


def write_results(table: pd.DataFrame, path: Path = RESULTS) -> None:
    """Write the tidy table; six digits are far below the Monte-Carlo error."""
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")


def read_results(path: Path = RESULTS) -> pd.DataFrame:
    """The committed table."""
    return pd.read_csv(path)


def write_readme(table: pd.DataFrame, path: Path = README) -> None:
    """Replace the table between the markers of README.md."""
    text = path.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN, 1)
    _, tail = rest.split(END, 1)
    path.write_text(f"{head}{BEGIN}\n\n{markdown(table)}\n\n{END}{tail}", encoding="utf-8")


def markdown(table: pd.DataFrame) -> str:
    """Coverage by design and method, and one line per method."""
    simulations = table["simulations"].unique()
    low, high = (f"{100 * bound:.1f}" for bound in BOUNDS)
    error = 100 * np.sqrt(0.95 * 0.05 / simulations.min())
    parts = [
        f"Coverage of the 95% interval in percent, {' or '.join(f'{n:,}' for n in simulations)} simulations per cell "
        f"(Monte-Carlo standard error {error:.1f}); **bold** where it is outside {low}–{high}. The difference from "
        "100 is the rate of false positives at 5% (not for the bootstrap, whose p-value has another form)."
    ]
    for title, related in (("Independent languages:", False), ("Related languages:", True)):
        part = table[table["cell"].map(lambda name: CELLS[name].related) == related]
        if len(part):
            parts.append(f"{title}\n\n{_coverage(part)}")
    parts.append(f"Methods, over all their designs:\n\n{_methods(table)}")
    return "\n\n".join(parts)


def _coverage(table: pd.DataFrame) -> str:
    methods = [name for name in METHODS if name in set(table["method"])]
    values = table.set_index(["cell", "method"])["coverage"]
    lines = []
    for cell in table["cell"].unique():
        layout = build_layout(CELLS[cell])
        found = [_percent(values.get((cell, method))) for method in methods]
        lines.append([layout.cell.layout, f"{len(layout.frame):,}", *found])
    return _lines(["design", "gains", *methods], lines)


def _methods(table: pd.DataFrame) -> str:
    related = table["cell"].map(lambda name: CELLS[name].related)
    reference = table[table["method"] == DEFAULT].set_index("cell")["median_width"]
    lines = []
    for name, method in METHODS.items():
        rows = table[table["method"] == name]
        if len(rows) == 0:
            continue
        ratio = (rows.set_index("cell")["median_width"] / reference).dropna()
        lines.append(
            [
                f"`{name}`",
                method.meaning,
                _range(rows.loc[~related, "coverage"], lambda v: f"{100 * v:.1f}"),
                _range(rows.loc[related, "coverage"], lambda v: f"{100 * v:.1f}"),
                _range(ratio, lambda v: f"{v:.2f}"),
                f"{rows['failures'].sum():,} of {rows['simulations'].sum():,}",
            ]
        )
    return _lines(
        ["method", "what it is", "coverage, independent", "coverage, related", f"width / `{DEFAULT}`", "no interval"],
        lines,
        text=2,
    )


def _percent(value: float | None) -> str:
    if value is None or np.isnan(value):
        return "–"
    text = f"{100 * value:.1f}"
    return text if BOUNDS[0] <= value <= BOUNDS[1] else f"**{text}**"


def _range(values: pd.Series[float], form: Callable[[float], str]) -> str:
    if len(values) == 0:
        return "–"
    low, high = form(values.min()), form(values.max())
    return low if low == high else f"{low}–{high}"


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]], text: int = 1) -> str:
    rule = ["---" if i < text else "---:" for i in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))
