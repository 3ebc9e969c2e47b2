"""The printed form of a fit, the same in text, Markdown and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.text import Table, count, number, p_value

if TYPE_CHECKING:
    import pandas as pd

    from .result import MixedResult

DF_WORDS = {
    "satterthwaite": "Satterthwaite",
    "kenward-roger": "Kenward–Roger",
    "residual": "rows less coefficients",
    "normal": "normal distribution, too narrow if a factor has few levels",
}


def coefficient_table(frame: pd.DataFrame, title: str, statistic: str) -> Table:
    """Coefficients with degrees of freedom and 95% intervals; ``statistic`` names the test statistic's column."""
    rows = tuple(
        (
            str(row["term"]),
            number(row["estimate"]),
            number(row["std_error"]),
            number(row["df"], 1),
            number(row["statistic"], 2),
            p_value(row["p_value"]),
            number(row["conf_low"]),
            number(row["conf_high"]),
        )
        for row in frame.to_dict("records")
    )
    return Table((title, "estimate", "std. error", "df", statistic, "p", "95% low", "95% high"), rows)


@dataclass(frozen=True, slots=True)
class Summary:
    """Tables and lines that describe one fit."""

    result: MixedResult

    def fixed_table(self) -> Table:
        """Fixed effects with degrees of freedom and 95% intervals."""
        statistic = "z" if self.result.df_method == "normal" else "t"
        return coefficient_table(self.result.fixed, "fixed effect", statistic)

    def variance_table(self) -> Table:
        """Variance components with the number of levels of each."""
        rows = []
        for component in self.result.components:
            levels = self.result.groups.get(component.group)
            rows.append(
                (
                    component.group,
                    component.term,
                    count(levels) if levels else "",
                    number(component.variance),
                    number(component.std_dev),
                )
            )
        notes = tuple(
            f"correlation of {c.term} and {c.other} over {c.group}: {number(c.correlation, 2)}"
            for c in self.result.correlations
        )
        return Table(("varies by", "term", "levels", "variance", "std. dev."), tuple(rows), notes=notes)

    def lines(self) -> list[str]:
        """Footer: likelihood, convergence, singularity, R², degrees of freedom, rows left out."""
        result = self.result
        kind = "REML" if result.reml else "ML"
        likelihood = f"log-likelihood {number(result.log_likelihood, 4)}"
        fit = f"{kind} criterion (−2 × log-likelihood) {number(result.criterion, 4)} · {likelihood}"
        count_words = f"converged in {result.evaluations} evaluations" if result.evaluations else "converged"
        search = count_words if result.converged else "NOT CONVERGED"
        left_out = "; ".join(f"{reason}: {count(rows)}" for reason, rows in result.dropped) or "none"
        explained = []
        if result.fitted is not None:
            found = result.r_squared()
            explained = [
                f"R² {found.marginal:.2f} by the fixed effects, {found.conditional:.2f} with the random effects"
            ]
        return [
            f"{fit} · {search} · {'singular' if result.singular else 'not singular'}",
            *explained,
            f"degrees of freedom: {DF_WORDS.get(result.df_method, result.df_method)} · engine: {result.engine}",
            f"rows left out: {left_out}",
        ]

    def __str__(self) -> str:
        head = f"{self.result.formula}\n{count(self.result.n_obs)} rows"
        body = [head, self.fixed_table().text(), self.variance_table().text(), "\n".join(self.lines())]
        return "\n\n".join([*body, *(f"Warning: {warning}" for warning in self.result.warnings)])

    def markdown(self) -> str:
        """Markdown, for a report or an issue."""
        head = f"`{self.result.formula}` · {count(self.result.n_obs)} rows"
        body = [head, self.fixed_table().markdown(), self.variance_table().markdown(), *self.lines()]
        return "\n\n".join([*body, *(f"**Warning:** {warning}" for warning in self.result.warnings)])

    def html(self) -> str:
        """HTML, as a notebook shows it."""
        from html import escape

        head = f"<p><code>{escape(self.result.formula)}</code> · {count(self.result.n_obs)} rows</p>"
        foot = "".join(f"<p>{escape(line)}</p>" for line in self.lines())
        warnings = "".join(f"<p><strong>Warning:</strong> {escape(w)}</p>" for w in self.result.warnings)
        return head + self.fixed_table().html() + self.variance_table().html() + foot + warnings

    def _repr_html_(self) -> str:
        return self.html()
