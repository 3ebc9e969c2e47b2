"""The printed form of a meta-analysis, the same in text, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from ..core.text import Table, count, number, p_words
from ..mixed.summary import DF_WORDS, coefficient_table
from .estimate import TEST_WORDS

if TYPE_CHECKING:
    import pandas as pd

    from .multilevel import MultilevelMeta
    from .result import MetaResult

METHOD_WORDS = {
    "REML": "REML",
    "ML": "maximum likelihood",
    "DL": "DerSimonian–Laird",
    "PM": "Paule–Mandel",
    "EB": "empirical Bayes",
    "FE": "one common effect",
}
MEASURES = {"tau2": "τ²", "tau": "τ", "I2": "I² (%)", "H2": "H²"}


def fixed_table(frame: pd.DataFrame, title: str = "coefficient") -> Table:
    """Coefficients with degrees of freedom and 95% intervals."""
    return coefficient_table(frame, title, "z" if (frame["df"] == float("inf")).all() else "t")


def q_words(q: Any) -> str:
    """Cochran's Q as a line."""
    return f"Q = {number(q.statistic, 2)} on {q.df} degrees of freedom, {p_words(q.p_value)}"


def prediction_words(row: Any) -> str:
    """A prediction interval as a line."""
    return f"95% prediction interval {number(row['pred_low'], 2)} to {number(row['pred_high'], 2)}"


@dataclass(frozen=True, slots=True)
class _Printed:
    """A heading, tables, lines and warnings, as text, Markdown and HTML."""

    head: str
    tables: tuple[Table, ...]
    lines: tuple[str, ...]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        body = [self.head, *(table.text() for table in self.tables), "\n".join(f"  {line}" for line in self.lines)]
        return "\n\n".join([*body, *(f"Warning: {warning}" for warning in self.warnings)])

    def markdown(self) -> str:
        """Markdown, for a report or an issue."""
        body = [self.head, *(table.markdown() for table in self.tables), *self.lines]
        return "\n\n".join([*body, *(f"**Warning:** {warning}" for warning in self.warnings)])

    def html(self) -> str:
        """HTML, as a notebook shows it."""
        return "".join(
            [
                f"<p>{escape(self.head)}</p>",
                *(table.html() for table in self.tables),
                *(f"<p>{escape(line)}</p>" for line in self.lines),
                *(f"<p><strong>Warning:</strong> {escape(warning)}</p>" for warning in self.warnings),
            ]
        )

    def _repr_html_(self) -> str:
        return self.html()


class Summary(_Printed):
    """Tables and lines of an ordinary meta-analysis."""

    def __init__(self, result: MetaResult) -> None:
        effects = result.effects
        method = METHOD_WORDS[result.method]
        head = f"{_effects(effects.k)} · {method} · {TEST_WORDS[result.test]}"
        spread = result.heterogeneity()
        rows = tuple(
            (MEASURES[row["measure"]], number(row["estimate"]), number(row["conf_low"]), number(row["conf_high"]))
            for row in spread.to_dict("records")
        )
        lines = [q_words(result.q)]
        if effects.intercept_only and result.method == "FE":
            lines.append("no prediction interval: the effects are assumed equal")
        elif effects.intercept_only:
            lines.append(prediction_words(result.predict().iloc[0]))
        else:
            lines.append(_moderator_words(result.moderator_test().iloc[0]))
            share = result.r_squared()
            if share == share:
                lines.append(f"moderators explain {number(share, 1)}% of τ²")
        lines.append(_left_out(effects.dropped))
        between = Table(("between effects", "estimate", "95% low", "95% high"), rows,
                        notes=("intervals: Q-profile",))  # fmt: skip
        super().__init__(head, (fixed_table(result.fixed), between), tuple(lines), result.warnings)


class MultilevelSummary(_Printed):
    """Tables and lines of a multilevel meta-analysis."""

    def __init__(self, result: MultilevelMeta) -> None:
        degrees = DF_WORDS[result.mixed.df_method]
        head = f"{result.mixed.formula}\n{_effects(result.k)} · {METHOD_WORDS[result.method]} · {degrees}"
        lines = [f"I² = {number(result.i2, 1)}%: the rest of the variance is sampling error", q_words(result.q)]
        if result.intercept_only:
            lines.append(f"{prediction_words(result.predict().iloc[0])} (an effect with new levels of every factor)")
        else:
            lines.append(_moderator_words(result.moderator_test().iloc[0]))
        lines.append(_left_out(result.dropped))
        tables = (fixed_table(result.fixed), variance_table(result))
        super().__init__(head, tables, tuple(lines), result.warnings)


def variance_table(result: MultilevelMeta) -> Table:
    """Variance by factor, and its share of the total variance."""
    rows = tuple(
        (
            str(row["group"]),
            count(row["levels"]),
            number(row["variance"]),
            number(row["std_dev"]),
            number(row["I2"], 1),
        )
        for row in result.variance.to_dict("records")
    )
    return Table(("varies by", "levels", "variance", "std. dev.", "I² (%)"), rows)


def _effects(k: int) -> str:
    return f"{count(k)} effect{'' if k == 1 else 's'}"


def _moderator_words(row: Any) -> str:
    if row["den_df"] == float("inf"):
        return f"moderators: chi-square {number(row['statistic'], 2)} on {row['num_df']:.0f}, {p_words(row['p_value'])}"
    degrees = f"{row['num_df']:.0f} and {number(row['den_df'], 1)} degrees of freedom"
    return f"moderators: F {number(row['statistic'], 2)} on {degrees}, {p_words(row['p_value'])}"


def _left_out(dropped: Sequence[tuple[str, int]]) -> str:
    return "rows left out: " + ("; ".join(f"{reason}: {count(rows)}" for reason, rows in dropped) or "none")
